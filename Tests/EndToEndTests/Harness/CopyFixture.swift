import Foundation
import TestSupport
import Testing

/// ozon-download behind an nginx of its own. It copies images from the stand-in's CDN to a folder of the sandbox's
/// bucket that nothing else uses.
final class CopyFixture {
    let nginx: NginxInstance
    let process: EndpointProcess
    let proxy: ReverseProxy?
    let user = "copies-\(newClientID())"

    struct StoredObject: Equatable {
        let type: String
        let bytes: Int
    }

    /// - Parameter proxy: is used as R2.
    init(_ settings: [String: String] = [:], proxy: ReverseProxy? = nil) throws {
        self.proxy = proxy
        nginx = try NginxInstance()
        let endpoint = proxy.map { ["R2_ENDPOINT_URL": $0.url] } ?? [:]
        process = try nginx.start(.download, endpoint.merging(settings) { $1 })
    }

    /// A request to copy the articles' images.
    func body(_ articles: [String], _ more: [String: Any] = [:]) -> String {
        downloadBody(articles, ["download_images": true, "user_id": user].merging(more) { $1 })
    }

    /// Sends a request without reading the response.
    func begin(_ body: String, lines: Bool = false, timeout: Double = 60) throws -> SocketConnection {
        let connection = try SocketConnection(port: nginx.client.port, timeout: timeout)
        let headers = try NginxClient.headers(with: lines ? ["Accept: application/x-ndjson"] : [])
        try connection.send(nginx.client.head(Endpoint.download.path, headers, length: body.utf8.count) + body)
        return connection
    }

    func copy(_ articles: [String], _ more: [String: Any] = [:], lines: Bool = false) throws -> HTTPResponse {
        let response = try HTTPResponse(try begin(body(articles, more), lines: lines).readToEnd())
        #expect(response.status == 200, "\(response.text.prefix(300))")
        return response
    }

    /// The objects below `users/{user_id}/ozon/`, as the S3 server lists them, by the rest of their keys.
    func stored() throws -> [String: StoredObject] {
        let folder = "users/\(user)/ozon/"
        let target = "/v1/AUTH_sandbox/images?format=json&limit=10000&prefix=\(folder)"
        let response = try http("GET", port: try sandbox().s3Port, target)
        guard [200, 204].contains(response.status) else { throw StartFailure(text: response.text) }
        return Dictionary(
            uniqueKeysWithValues: response.json.list.map { object in
                (
                    String(object["name"].string!.dropFirst(folder.count)),
                    StoredObject(type: object["content_type"].string!, bytes: object["bytes"].int!)
                )
            })
    }

    /// Checks that the folder contains exactly the objects that the items list, and that each has the bytes of its
    /// original on the CDN.
    /// - Parameter originals: the URLs of each item's images.
    func expectStored(
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
                #expect(isSame, "\(url) differs from \(original)", sourceLocation: location)
                keys.insert(url.dropFirst(base.count + "users/\(user)/ozon/".count).removingPercentEncoding!)
            }
        }
        #expect(Set(try stored().keys) == keys, sourceLocation: location)
    }
}

/// The body at a URL of 127.0.0.1. Follows redirects.
func bytes(at url: String) throws -> [UInt8] {
    let match = try #require(url.wholeMatch(of: /http:\/\/127\.0\.0\.1:([0-9]+)(\/.*)/))
    let response = try http("GET", port: UInt16(match.1)!, String(match.2))
    if response.status == 302, let next = response["Location"] {
        return try bytes(at: next.hasPrefix("/") ? "http://127.0.0.1:\(match.1)\(next)" : next)
    }
    try #require(response.status == 200, "\(url): \(response.status)")
    return response.body
}
