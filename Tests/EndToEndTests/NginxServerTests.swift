import Foundation
import TestSupport
import Testing

/// Sends bytes to 127.0.0.1 and returns everything that it answers. nginx may answer before it has read everything, and
/// wait for the rest.
private func answer(_ port: UInt16, _ request: String) throws -> [UInt8] {
    let connection = try SocketConnection(port: port)
    try? connection.send(request)
    var bytes: [UInt8] = []
    while true {
        let more = try connection.read()
        bytes += more
        let response = try? HTTPResponse(bytes)
        if more.isEmpty || response?["Content-Length"].map({ Int($0) == response?.body.count }) == true { return bytes }
    }
}

private let path = "/api/v1/r2/presigned-url"
private let host = "Host: site.example\r\nConnection: close\r\n"

/// Requests that nginx rejects before it has chosen a location.
private let rejected: [(request: String, error: ExpectedError)] = [
    ("TRACE \(path) HTTP/1.1\r\n\(host)\r\n", .methodNotAllowed),
    ("CONNECT \(path) HTTP/1.1\r\n\(host)\r\n", .methodNotAllowed),
    ("CONNECT site.example:443 HTTP/1.1\r\n\(host)\r\n", .validationFailed),
    ("POST \(path) HTTP/1.1\r\n\(host)Cookie: \(String(repeating: "a", count: 40000))\r\n\r\n", .validationFailed),
    ("POST \(path)?\(String(repeating: "a", count: 40000)) HTTP/1.1\r\n\(host)\r\n", .uriTooLong),
    ("POST \(path) HTTP/1.1\r\nConnection: close\r\n\r\n", .validationFailed),
    ("POST \(path) HTTP/1.1\r\n\(host)Host: other.example\r\n\r\n", .validationFailed),
    ("OPTIONS \(path) HTTP/1.1\r\n\(host)Host: other.example\r\n\r\n", .validationFailed),
    ("POST \(path) HTTP/1.1\r\nHost: a/b\r\n\r\n", .validationFailed),
    ("POST \(path) HTTP/1.1\r\n\(host)Content-Length: -1\r\n\r\n", .validationFailed),
    ("POST \(path) HTTP/1.1\r\n\(host)Content-Length: 1\r\nContent-Length: 2\r\n\r\n", .validationFailed),
    ("POST \(path) HTTP/1.1\r\n\(host)Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .validationFailed),
    ("POST \(path) HTTP/1.1\r\n\(host)Transfer-Encoding: gzip\r\n\r\n", .notImplemented),
    ("POST \(path)/ HTTP/1.1\r\n\(host)\r\n", .notFound),
    ("POST /api/%zz HTTP/1.1\r\n\(host)\r\n", .validationFailed),
    ("POST /api/%00 HTTP/1.1\r\n\(host)\r\n", .validationFailed),
    ("GET /../../etc/passwd HTTP/1.1\r\n\(host)\r\n", .validationFailed),
    ("GET /%2e%2e/etc/passwd HTTP/1.1\r\n\(host)\r\n", .validationFailed),
    ("POST \(path) HTTP/1.1\r\n\(host)\((0..<5000).map { "X-\($0): a\r\n" }.joined())\r\n", .validationFailed),
    ("POST \(path) HTTP/1.1\r\n\(host)Bad\u{0}: a\r\n\r\n", .validationFailed),
    ("GET / HTTP/2.0\r\n\(host)\r\n", .versionNotSupported),
    ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", .validationFailed),
]

extension EndToEnd {
    /// nginx/server.conf, in a server that has no other pages.
    @Suite struct NginxServer {
        @Test(arguments: rejected.indices)
        func `What nginx rejects before it has chosen a location is answered in JSON`(_ index: Int) throws {
            let (request, error) = rejected[index]
            let response = try HTTPResponse(try answer(try sandbox().client.port, request))
            expect(response, error, "\(request.prefix(60))")
            #expect(response["Allow"] == (error.status == 405 ? "POST" : nil))
        }

        @Test func `HTTP 0.9 has no headers, but the body is JSON`() throws {
            for (target, code) in [(path, "METHOD_NOT_ALLOWED"), ("/x", "NOT_FOUND"), ("/../x", "VALIDATION_FAILED")] {
                let text = String(decoding: try answer(try sandbox().client.port, "GET \(target)\r\n"), as: UTF8.self)
                #expect(JSONValue(text)["code"].string == code, "\(text)")
            }
        }

        @Test func `A method that the pages don't have is 405 with theirs`() throws {
            let response = try http("POST", port: try sandbox().client.port, "/ozon-r2/", body: [])
            expect(response, .methodNotAllowed)
            #expect(response["Allow"] == "GET, HEAD")
        }
    }

    /// The snippets in a server {} that has pages, errors and an API of its own.
    @Suite struct ExistingSite {
        private static let pages = """
            add_header X-Site yes always;
            client_max_body_size 1k;
            fastcgi_intercept_errors on;
            fastcgi_request_buffering off;
            proxy_intercept_errors on;
            error_page 400 404 414 494 /missing.html;
            error_page 405 =200 /missing.html;
            error_page 500 502 503 504 =503 /sorry.html;
            location / { return 200 "page $uri $request_method\\n"; }
            location /api/ { proxy_pass http://127.0.0.1:9; }
            location /static/ { root /nonexistent; }
            location /private/ { deny all; }
            location ~ \\.json$ { return 500; }
            location = /missing.html { internal; default_type text/html; return 200 "missing\\n"; }
            location = /sorry.html { internal; default_type text/html; return 200 "sorry\\n"; }
            """

        private func site(with includes: Bool) throws -> NginxInstance {
            let http = ["maps", "upstreams"].map { ("nginx.conf", "include ozon-r2/\($0).conf;", "") }
            let server = ["errors.conf", "html.conf", "locations/*.conf"].map {
                ("nginx.conf", "include ozon-r2/\($0);", "")
            }
            return try NginxInstance(
                [("nginx.conf", "include ozon-r2/server.conf;", Self.pages)] + (includes ? [] : http + server))
        }

        @Test func `Every response of the site's own is the same with the snippets as before`() throws {
            let before = try site(with: false)
            let after = try site(with: true)
            let targets = [
                "/", "/x", "/api/v1/other", "\(path)/", "\(path)x", "/api/v1/ozon", "/static/x", "/private/x",
                "/a.json",
                "/missing.html", "/ozon-r2", "/ozon-r2x",
            ]
            let plain = targets.flatMap { target in
                ["GET", "POST", "OPTIONS", "HEAD", "DELETE"].map { method in
                    "\(method) \(target) HTTP/1.1\r\n\(host)Origin: http://localhost:3000\r\nContent-Length: 0\r\n\r\n"
                }
            }
            let large = "POST /x HTTP/1.1\r\n\(host)Content-Length: 5000\r\n\r\n"
            for request in plain + rejected.map(\.request) + [large, "GET /x\r\n", "GET /../x\r\n"] {
                let responses = try [before, after].map { nginx in
                    String(decoding: try answer(nginx.client.port, request), as: UTF8.self)
                        .replacing(/Date: [^\r]*/, with: "Date:")
                        .replacingOccurrences(of: "\(nginx.client.port)", with: "PORT")
                }
                #expect(responses[0] == responses[1], "\(request.prefix(60))")
            }
        }

        @Test func `A request is sent to the endpoint only when its whole body has arrived`() throws {
            let nginx = try site(with: true)
            let slow = try SocketConnection(port: nginx.client.port)
            try slow.send("POST \(path) HTTP/1.1\r\n\(host)Content-Length: 2\r\n\r\n{")
            expect(try nginx.client.post(.presign, Endpoint.presign.goodBody), .backendUnavailable)
            var entry = pollfd(fd: slow.descriptor, events: Int16(POLLIN), revents: 0)
            #expect(poll(&entry, 1, 0) == 0, "no endpoint is running, which nginx notices when it sends the request")
            try slow.send("}")
            expect(try HTTPResponse(try slow.readToEnd()), .backendUnavailable)
        }

        @Test func `The endpoints' errors pass unchanged through a site that intercepts errors`() throws {
            let nginx = try site(with: true)
            expect(try nginx.client.post(.presign, Endpoint.presign.goodBody), .backendUnavailable)
            let process = try nginx.start(.presign)
            expect(try nginx.client.post(.presign, "{", without: ["X-API-Key"]), .unauthorized)
            let invalid = try nginx.client.post(.presign, "{")
            expect(invalid, .validationFailed)
            #expect(fieldErrors(invalid) == ["body: Invalid JSON"])
            let response = try nginx.client.post(.presign, Endpoint.presign.goodBody)
            #expect(response.status == 200)
            #expect(response["X-Site"] == nil)
            #expect(process.child.isRunning)
        }
    }
}
