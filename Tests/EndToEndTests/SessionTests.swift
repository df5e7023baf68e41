import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// nginx/access-session.conf, chosen by the link /etc/ozon-r2/access.conf.
    @Suite struct Sessions {
        /// An nginx whose locations use sessions that the application at a port identifies.
        private func nginx(application port: UInt16) throws -> NginxInstance {
            let check = "include ozon-r2/errors.conf;\ninclude ozon-r2/session-check.conf;"
            return try NginxInstance([("nginx.conf", "include ozon-r2/errors.conf;", check)]) {
                try $0.write("etc/session-check", "proxy_pass http://127.0.0.1:\(port)/session;\n")
                try FileManager.default.createSymbolicLink(
                    atPath: $0.file("etc/access.conf"), withDestinationPath: $0.file("ozon-r2/access-session.conf"))
            }
        }

        private func application(_ response: String) throws -> ScriptedServer {
            try ScriptedServer([.receive, .send("HTTP/1.1 \(response)\r\nContent-Length: 0\r\n\r\n")])
        }

        /// What the page reads.
        private func session(_ nginx: NginxInstance) throws -> HTTPResponse {
            try http("GET", port: nginx.client.port, "/ozon-r2/session")
        }

        private func post(_ nginx: NginxInstance, path: String, with lines: [String] = []) throws -> HTTPResponse {
            try nginx.client.post(.presign, jsonText(["r2_path": path]), without: ["X-API-Key"], with: lines)
        }

        @Test(arguments: ["bob", "bob@example.com", "a b", "...", String(repeating: "a", count: 128)])
        func `A session's user may write under the prefix of its name, and nowhere else`(_ user: String) throws {
            let application = try application("204 No Content\r\nX-Session-User: \(user)")
            let nginx = try nginx(application: application.port)
            let process = try nginx.start(.presign)
            #expect(try post(nginx, path: "users/\(user)/a.jpg").status == 200)
            expect(try post(nginx, path: "users/\(user)x/a.jpg"), .pathNotAllowed)
            let page = try session(nginx)
            #expect(page.status == 204 && page["X-Session-User"] == user)
            #expect(process.child.isRunning)
        }

        @Test(arguments: [
            "", "bob/ozon", "/", "bob/", ".", "..", #"bob\ozon"#, "bob\tozon", String(repeating: "a", count: 129),
        ])
        func `A user whose name is no segment of a path is refused`(_ user: String) throws {
            let application = try application("204 No Content\r\nX-Session-User: \(user)")
            let nginx = try nginx(application: application.port)
            let process = try nginx.start(.presign)
            expect(try post(nginx, path: "users/\(user)/a.jpg"), .unauthorized)
            expect(try post(nginx, path: "users/bob/a.jpg"), .unauthorized)
            #expect(process.child.isRunning)
        }

        @Test(arguments: [
            "401 Unauthorized", "403 Forbidden", "204 No Content", "200 OK", "302 Found\r\nLocation: /login",
            "303 See Other\r\nLocation: https://login.example.com/", "307 Temporary Redirect\r\nLocation: /login",
        ])
        func `Without a session the endpoints answer 401, also to a caller with a key, and the page reads no user`(
            _ response: String
        ) throws {
            let application = try application(response)
            let nginx = try nginx(application: application.port)
            let process = try nginx.start(.presign)
            expect(try post(nginx, path: "users/bob/a.jpg"), .unauthorized)
            let key = "X-API-Key: \(try sandbox().key)"
            expect(try post(nginx, path: "users/bob/a.jpg", with: [key]), .unauthorized)
            let page = try session(nginx)
            if response.hasPrefix("2") {
                #expect(page.status == 204 && page["X-Session-User"] == nil)
            } else {
                expect(page, .unauthorized)
                #expect(page["Location"] == nil)
            }
            #expect(process.child.isRunning)
        }

        @Test(arguments: [
            "500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "404 Not Found",
            "400 Bad Request", "405 Method Not Allowed", "429 Too Many Requests",
            "301 Moved Permanently\r\nLocation: /session/", "308 Permanent Redirect\r\nLocation: /session/",
        ])
        func `An application with another response is SESSION_CHECK_FAILED, for the endpoints and the page`(
            _ response: String
        ) throws {
            let application = try application(response)
            let nginx = try nginx(application: application.port)
            let process = try nginx.start(.presign)
            for answer in [try post(nginx, path: "users/bob/a.jpg"), try session(nginx)] {
                expect(answer, .sessionCheckFailed)
                #expect(answer["Retry-After"] == "1")
            }
            #expect(process.child.isRunning)
        }

        @Test func `An application that is down is SESSION_CHECK_FAILED, for the endpoints and the page`() throws {
            let nginx = try nginx(application: try closedPort())
            expect(try post(nginx, path: "users/bob/a.jpg"), .sessionCheckFailed)
            expect(try session(nginx), .sessionCheckFailed)
        }

        @Test func `Only GET and HEAD read the session, and nobody reaches the application's address itself`() throws {
            let application = try application("204 No Content\r\nX-Session-User: bob")
            let nginx = try nginx(application: application.port)
            for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
                expect(try http(method, port: nginx.client.port, "/ozon-r2/session"), .methodNotAllowed)
            }
            #expect(try http("GET", port: nginx.client.port, "/ozon-r2/session-check").status == 404)
            #expect(try http("HEAD", port: nginx.client.port, "/ozon-r2/session")["X-Session-User"] == "bob")
            #expect(try session(nginx)["Cache-Control"] == "no-store")
        }

        @Test func `A fault of nginx's own after the session was checked is INTERNAL`() throws {
            let application = try application("204 No Content\r\nX-Session-User: bob")
            let nginx = try nginx(application: application.port)
            let process = try nginx.start(.presign)
            // nginx writes a body that is larger than its buffer to a file.
            try FileManager.default.removeItem(atPath: "\(nginx.sockets)/../tmp/body")
            let body = [UInt8](repeating: 0x20, count: 400_000)
            expect(try nginx.client.post(.presign, bytes: body, without: ["X-API-Key"]), .internalError)
            #expect(process.child.isRunning)
        }
    }
}
