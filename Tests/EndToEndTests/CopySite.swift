import Foundation
import Testing

/// ozon-download behind an nginx of its own, copying images of the stand-in's CDN into the sandbox's bucket, in a folder
/// of the bucket that nothing else uses.
final class CopySite {
    let stage: Stage
    let handler: Handler
    let proxy: Proxy?
    let user = "copies-\(nextClient())"

    /// - Parameter proxy: stands before the S3 server, in R2's place.
    init(_ settings: [String: String] = [:], proxy: Proxy? = nil) throws {
        self.proxy = proxy
        stage = try Stage()
        let endpoint = proxy.map { ["R2_ENDPOINT_URL": $0.url] } ?? [:]
        handler = try stage.handler(.download, endpoint.merging(settings) { $1 })
    }

    /// A request to copy.
    func body(_ articles: [String], _ more: [String: Any] = [:]) -> String {
        downloadBody(articles, ["download_images": true, "user_id": user].merging(more) { $1 })
    }

    /// Sent, and not yet read.
    func begin(_ body: String, lines: Bool = false, patience: Double = 60) throws -> Wire {
        let wire = try Wire(port: stage.site.port, patience: patience)
        let headers = try Site.headers(with: lines ? ["Accept: application/x-ndjson"] : [])
        try wire.send(stage.site.head(Endpoint.download.path, headers, length: body.utf8.count) + body)
        return wire
    }

    func copy(_ articles: [String], _ more: [String: Any] = [:], lines: Bool = false) throws -> HTTPAnswer {
        let answer = try HTTPAnswer(try begin(body(articles, more), lines: lines).readToEnd())
        #expect(answer.status == 200, "\(answer.text.prefix(300))")
        return answer
    }

    /// The keys in this site's folder of the bucket, without `users/{user_id}/ozon/`, as the server lists them.
    func stored() throws -> [String: StoredObject] {
        let folder = "users/\(user)/ozon/"
        let target = "/v1/AUTH_sandbox/images?format=json&limit=10000&prefix=\(folder)"
        let listed = try http("GET", port: try sandbox().s3Port, target)
        guard [200, 204].contains(listed.status) else { throw Sandbox.NotStarted(text: listed.text) }
        return Dictionary(
            uniqueKeysWithValues: listed.json.list.map { object in
                (
                    String(object["name"].string!.dropFirst(folder.count)),
                    StoredObject(type: object["content_type"].string!, bytes: object["bytes"].int!)
                )
            })
    }

    /// Every object in the folder was told by the items and is what the CDN has at its URL, byte for byte; and each that
    /// was told is there.
    /// - Parameter originals: the URLs of each item's images.
    func expectWhole(
        _ items: [JSONValue], _ originals: [[String]], at location: SourceLocation = #_sourceLocation
    ) throws {
        let base = "\(try sandbox().settings["R2_PUBLIC_BASE"]!)/"
        var keys: Set<String> = []
        for (item, images) in zip(items, originals) {
            let failed = Set(item["errors"].list.compactMap(\.["url"].string))
            let good = images.filter { !failed.contains($0) }
            let urls = item["urls"].strings
            #expect(urls.count == good.count, "\(item)", sourceLocation: location)
            #expect(item["total_images"].int == images.count, sourceLocation: location)
            #expect(item["success_images"].int == good.count, sourceLocation: location)
            #expect(item["failed_images"].int == failed.count, sourceLocation: location)
            for (url, original) in zip(urls, good) {
                #expect(url.hasPrefix(base), sourceLocation: location)
                let isSame = try bytes(at: url) == bytes(at: original)
                #expect(isSame, "\(url) is not \(original)", sourceLocation: location)
                keys.insert(url.dropFirst(base.count + "users/\(user)/ozon/".count).removingPercentEncoding!)
            }
        }
        #expect(Set(try stored().keys) == keys, sourceLocation: location)
    }
}

struct StoredObject: Equatable {
    let type: String
    let bytes: Int
}

/// What stands at a URL of a loopback server, redirects followed.
func bytes(at url: String) throws -> [UInt8] {
    let match = try #require(url.wholeMatch(of: /http:\/\/127\.0\.0\.1:([0-9]+)(\/.*)/))
    let answer = try http("GET", port: UInt16(match.1)!, String(match.2))
    if answer.status == 302, let next = answer["Location"] {
        return try bytes(at: next.hasPrefix("/") ? "http://127.0.0.1:\(match.1)\(next)" : next)
    }
    try #require(answer.status == 200, "\(url): \(answer.status)")
    return answer.body
}

/// A new product of the stand-in with these images: names for its CDN, or whole URLs. Answers the URLs.
@discardableResult
func define(_ article: String, _ images: [String]) throws -> [String] {
    let base = try sandbox().settings["OZON_IMAGE_HOSTS"]!
    let urls = images.map { $0.contains("://") ? $0 : "\(base)/s3/multimedia-1-i/\($0)" }
    let product = Array(jsonText(["offer_id": article, "images": urls]).utf8)
    #expect(try http("POST", port: try sandbox().ozonPort, "/_product", body: product).status == 200)
    return urls
}

/// The CDN's hits whose path contains a text.
func hits(_ text: String) throws -> [JSONValue] {
    try http("GET", port: try sandbox().ozonPort, "/_images").json.list.filter {
        $0["path"].string?.contains(text) == true
    }
}

/// The most of these hits or requests that were under way at once.
func peak(_ entries: [JSONValue]) -> Int {
    let now = Int.max
    let changes = entries.flatMap { [($0["at"].int!, 1), ($0["end"].int ?? now, -1)] }
    var (running, most) = (0, 0)
    // Of one millisecond the ends come first.
    for (_, change) in changes.sorted(by: <) {
        running += change
        most = max(most, running)
    }
    return most
}

/// Tests/Support/s3-proxy: before the S3 server, in its place, or, with TLS, before the CDN.
final class Proxy {
    let port: UInt16
    let url: String
    private let program: Program
    private let scratch: Scratch

    /// - Parameter port: of the server behind it; nil: none, objects are hashed and forgotten.
    /// - Parameter certificate: makes it speak TLS.
    /// - Parameter own: where it listens; nil: anywhere.
    init(
        to port: UInt16?, certificate: (file: String, key: String)? = nil, delay milliseconds: Int = 0,
        port own: UInt16? = nil
    ) throws {
        let own = try own ?? freePort()
        scratch = try Scratch()
        self.port = own
        url = "\(certificate == nil ? "http" : "https")://127.0.0.1:\(own)"
        let behind = port.map { ["--to", "\($0)"] } ?? []
        let tls = certificate.map { ["--cert", $0.file, "--key", $0.key] } ?? []
        program = try Program(
            "\(repository)/Tests/Support/s3-proxy",
            ["--port", "\(own)", "--delay-ms", "\(milliseconds)"] + behind + tls, output: scratch.file("out"),
            errors: scratch.file("out"))
        try eventually("s3-proxy is ready") { try scratch.read("out").contains("127.0.0.1:\(own)\n") }
    }

    /// It hangs, and goes on.
    func stop() { program.signal(SIGSTOP) }
    func go() { program.signal(SIGCONT) }

    /// Its port refuses from now on.
    func end() throws {
        program.signal(SIGKILL)
        try program.wait()
    }

    static func beforeStorage() throws -> Proxy { try Proxy(to: try sandbox().s3Port) }

    /// The requests whose path contains a text, in the order they came.
    func requests(_ text: String = "", method: String = "PUT") throws -> [JSONValue] {
        try http("GET", port: port, "/_record").json.list.filter {
            $0["method"].string == method && (text.isEmpty || $0["path"].string?.contains(text) == true)
        }
    }
}
