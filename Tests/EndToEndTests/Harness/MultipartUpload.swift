import Foundation
import TestSupport
import Testing

/// The calls of one upload in parts, to a path that nothing else uses.
struct MultipartUpload {
    let path: String
    /// The server that is used as R2, if it plays a script.
    private(set) var server: ScriptedServer?
    private let send: (Endpoint, String) throws -> HTTPResponse

    /// - Parameter client: nil: the sandbox's.
    init(_ client: NginxClient? = nil, path: String = "users/u/upload-\(newClientID()).bin") throws {
        self.path = path
        let client = try client ?? sandbox().client
        send = { try client.post($0, $1) }
    }

    /// Calls one process, without nginx.
    init(_ process: EndpointProcess, path: String = "users/u/upload-\(newClientID()).bin") {
        self.path = path
        send = { _, body in try process.connect(timeout: 50).post(body) }
    }

    /// A process whose R2 plays these scripts: one for each connection, the last also for all later ones.
    static func scripted(
        _ endpoint: Endpoint, _ scripts: [Step]..., settings: [String: String] = [:]
    ) throws -> MultipartUpload {
        let server = try ScriptedServer(scripts: scripts)
        let settings = settings.merging(["R2_ENDPOINT_URL": server.url]) { $1 }
        var upload = MultipartUpload(try EndpointProcess(endpoint, settings))
        upload.server = server
        return upload
    }

    func post(_ endpoint: Endpoint, _ members: [String: Any]) throws -> HTTPResponse {
        try send(endpoint, jsonText(members.merging(["r2_path": path]) { $1 }))
    }

    /// - Returns: `data` of a response with status 200.
    func call(
        _ endpoint: Endpoint, _ members: [String: Any], at location: SourceLocation = #_sourceLocation
    ) throws -> JSONValue {
        let response = try post(endpoint, members)
        try #require(response.status == 200, "\(endpoint): \(response.text.prefix(500))", sourceLocation: location)
        #expect(response.json["success"].bool == true, sourceLocation: location)
        return response.json["data"]
    }

    func create(_ size: Int, _ more: [String: Any] = [:]) throws -> (id: String, data: JSONValue) {
        let data = try call(.create, more.merging(["size": size]) { $1 })
        return (try #require(data["upload_id"].string), data)
    }

    /// GETs the object at its public URL.
    func published() throws -> HTTPResponse {
        let escaped = path.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(["/", "-", ".", "_"]))!
        return try EndToEndTests.send("GET", "\(sandbox().settings["R2_PUBLIC_BASE"]!)/\(escaped)")
    }
}

/// PUTs a body to a part's URL and returns the ETag header.
@discardableResult
func put(_ part: JSONValue, _ body: [UInt8]) throws -> String {
    let response = try send("PUT", part["upload_url"].string ?? "", [], body)
    try #require(response.status == 200, "\(response.text.prefix(300))")
    return try #require(response["ETag"])
}

/// Reproducible bytes.
func body(_ size: Int, _ seed: UInt8 = 0) -> [UInt8] {
    // Built from blocks that differ in their first byte, because loops over bytes are slow in a debug build.
    let block = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 7) ^ seed }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size + block.count)
    while bytes.count < size {
        bytes.append(UInt8(truncatingIfNeeded: bytes.count >> 12))
        bytes += block[1...]
    }
    return Array(bytes.prefix(size))
}
