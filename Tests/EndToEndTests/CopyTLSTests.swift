import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Copies over TLS, between servers with certificates of this test's own authority.
    @Suite struct CopyTLS {
        @Test func `Images are copied over TLS, and only between servers with trusted certificates`() throws {
            let origin = try sandbox().settings["OZON_IMAGE_HOSTS"]!
            let cdnPort = UInt16(origin.split(separator: ":").last!)!
            let authority = try CertificateAuthority()
            let good = try authority.certificate("IP:127.0.0.1")
            let cdn = try ReverseProxy(to: cdnPort, certificate: good)
            let storage = try ReverseProxy(to: try sandbox().s3Port, certificate: good)
            let names =
                ["tls.jpg", "size-3000000-tls.jpg", "chunked-3000000-tls.jpg", "chunked-9000-tls.jpg"]
                + ["r2-reset-once-tls.jpg", "fault-short-tls.jpg", "redirects-1-tls.jpg"]
            let urls = try define("TLS", names.map { "\(cdn.url)/s3/multimedia-1-i/\($0)" })
            let settings = [
                "SSL_CERT_FILE": authority.file, "OZON_IMAGE_HOSTS": "\(cdn.url),\(origin)",
                "IMAGE_TIMEOUT": "8",
            ]
            let fixture = try CopyFixture(settings, proxy: storage)
            let item = try fixture.copy(["TLS"]).json["data"]["items"][0]
            #expect(item["errors"].list.map { $0["url"].string } == [urls[5]])
            #expect(item["errors"][0]["reason"].string == "Connection broken")
            let plain = urls.map { $0.replacingOccurrences(of: cdn.url, with: origin) }
            for (url, original) in zip(item["urls"].strings, plain.filter { $0 != plain[5] }) {
                let isSame = try bytes(at: url) == bytes(at: original)
                #expect(isSame, "\(url)")
            }
            #expect(try fixture.stored().count == 6)

            let strangers = try CopyFixture(settings.filter { $0.key != "SSL_CERT_FILE" }, proxy: storage)
            let rejected = try strangers.copy(["TLS"]).json["data"]["items"][0]
            #expect(rejected["errors"].list.map { $0["reason"].string } == names.map { _ in "Certificate not trusted" })
            let unstored = try strangers.copy(["2194435302"]).json["data"]["items"][0]
            #expect(unstored["errors"][0]["detail"].string?.hasPrefix("SSL") == true, "\(unstored)")
            #expect(try strangers.stored().isEmpty)

            let misnamed = try ReverseProxy(to: cdnPort, certificate: try authority.certificate("DNS:cdn.ozone.test"))
            try define("MISNAMED", ["\(misnamed.url)/s3/multimedia-1-i/misnamed.jpg"])
            let third = try CopyFixture(settings.merging(["OZON_IMAGE_HOSTS": misnamed.url]) { $1 })
            let item3 = try third.copy(["MISNAMED"]).json["data"]["items"][0]
            #expect(item3["errors"].list.map { $0["reason"].string } == ["Certificate not trusted"])
            #expect(try cdnRequests("misnamed").isEmpty)
        }

        /// Otherwise a copy that reuses the connection of a chunked image would end with "Timeout".
        @Test func `The proxy answers another request on the connection of a chunked image`() throws {
            let origin = try sandbox().settings["OZON_IMAGE_HOSTS"]!
            let cdn = try ReverseProxy(to: UInt16(origin.split(separator: ":").last!)!)
            let connection = try SocketConnection(port: cdn.port)
            for name in ["chunked-90000-reused.jpg", "chunked-9-reused.jpg", "fault-404-reused.jpg"] {
                try connection.send("GET /s3/multimedia-1-i/\(name) HTTP/1.1\r\nHost: a\r\n\r\n")
                let end = name.hasPrefix("chunked") ? "\r\n0\r\n\r\n" : "404 Not Found\r\n"
                #expect(try connection.read(until: end).hasPrefix("HTTP/1.1 "), "\(name)")
            }
        }
    }
}
