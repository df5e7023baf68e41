import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// URLs of servers from which no image may be fetched. Each is rejected, and the server never receives a request.
    @Suite struct CopyAddresses {
        @Test func `Images are fetched only from declared origins and port 443 of allowed hosts, also after redirects`()
            throws
        {
            let witness = try ReverseProxy(to: nil)
            let origin = try sandbox().settings["OZON_IMAGE_HOSTS"]!
            let cdn = origin.split(separator: ":").last!
            let path = "/s3/multimedia-1-i/forbidden"
            let fixture = try CopyFixture(["OZON_IMAGE_HOSTS": "\(origin),.ozone.test,cdn.ozonru.test"])
            let bad =
                [
                    "http://127.0.0.1:\(witness.port)", "https://127.0.0.1:\(witness.port)",
                    "http://user@127.0.0.1:\(cdn)", "http://user:word@127.0.0.1:\(cdn)",
                    "http://127.0.0.1:\(cdn)@127.0.0.1:\(witness.port)", "http://@127.0.0.1:\(cdn)",
                    #"http://127.0.0.1:\#(cdn)\@127.0.0.1:\#(witness.port)"#, "https://127.0.0.1:\(cdn)",
                    "ftp://127.0.0.1:\(cdn)", "http://localhost:\(cdn)", "http://127.0.0.2:\(cdn)",
                    "http://127.1:\(cdn)", "http://2130706433:\(cdn)", "http://0x7f000001:\(cdn)",
                    "http://[::ffff:127.0.0.1]:\(cdn)", "http://127.0.0.1.:\(cdn)", "http://127.0.0.1:0\(cdn)",
                    "http://127.0.0.1", "http://a.ozone.test", "https://a.ozone.test:8443",
                    "https://a.ozone.test:444443",
                    "https://evilozone.test", "https://ozone.test.evil.test", "https://user@a.ozone.test",
                    "https://a.cdn.ozonru.test", "https://ozonru.test", "https://a.ozone.test.", "https://",
                    "https://a.ozone.test%00.evil.test", "https://a.ozone.test%2eevil.test", "file://",
                ].map { "\($0)\(path).jpg" }
            let redirects = bad.map { url in
                "to-forbidden.jpg?to=\(url.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!)"
            }
            let urls = try define("FORBIDDEN", bad + redirects)
            let item = try fixture.copy(["FORBIDDEN"]).json["data"]["items"][0]
            #expect(item["errors"].list.map { $0["url"].string } == urls)
            for error in item["errors"].list {
                let reason = error["reason"].string
                let isRejected = ["Host not allowed: ", "Invalid URL format", "HTTP 302 without a valid Location"]
                    .contains {
                        reason?.hasPrefix($0) == true
                    }
                #expect(isRejected, "\(error)")
            }
            #expect(try cdnRequests("/forbidden.jpg").isEmpty)
            #expect(try witness.requests(method: "GET").isEmpty)
            #expect(try fixture.stored().isEmpty)
            let allowed = try define("UNRESOLVED", ["https://a.ozone.test/x.jpg", "https://OZONE.test:443/y.jpg"])
            let reasons = try fixture.copy(["UNRESOLVED"]).json["data"]["items"][0]["errors"].list
            #expect(reasons.map { $0["url"].string } == allowed)
            #expect(
                reasons.allSatisfy { $0["reason"].string == "Host unreachable" },
                "the host is allowed but does not exist")
        }

        @Test(.enabled(if: isRoot, "listening on port 443 needs root"))
        func `An allowed host is not connected to if its address is not public`() throws {
            // The kernel accepts connections to it.
            let witness = try BoundSocket(SocketAddress(host: 0, port: 443))
            let hosts = [
                "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
                "224.0.0.1", "0.0.0.0", "255.255.255.255", "localhost", "images.localhost",
            ]
            let fixture = try CopyFixture(["OZON_IMAGE_HOSTS": hosts.joined(separator: ","), "IMAGE_TIMEOUT": "20"])
            let urls = try define("PRIVATE", hosts.map { "https://\($0)/private.jpg" })
            var item = JSONValue("")
            let elapsed = try elapsedSeconds { item = try fixture.copy(["PRIVATE"]).json["data"]["items"][0] }
            #expect(item["errors"].list.map { $0["url"].string } == urls)
            #expect(
                item["errors"].list.map { $0["reason"].string }
                    == hosts.map { _ in "Host not allowed: its address isn't public" })
            #expect(elapsed < 15, "no address is tried")
            #expect(!witness.isReadable())
            _ = try SocketConnection(port: 443)
            #expect(witness.isReadable(), "the witness notices connections")
        }
    }
}
