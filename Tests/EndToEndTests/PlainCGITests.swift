import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The same executables as CGI programs, with one process per request.
    @Suite struct PlainCGI {
        private func run(
            _ endpoint: Endpoint, _ body: String, _ more: [String: String?] = [:], arguments: [String] = []
        ) throws -> (code: Int32, output: [UInt8], errors: String) {
            var environment = try sandbox().settings
            let usual: [String: String?] = [
                "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json",
                "CONTENT_LENGTH": "\(body.utf8.count)", "HTTP_X_API_KEY": environment["API_KEYS"],
                "REQUEST_ID": "same-id",
            ]
            for (name, value) in usual.merging(more, uniquingKeysWith: { $1 }) { environment[name] = value }
            return try ChildProcess.run(
                executable(endpoint), arguments, environment: environment, input: Array(body.utf8))
        }

        /// Removes what differs between two responses: the times and signatures, and the id of a new upload.
        private func timeless(_ text: String) -> String {
            text.replacing(/X-Amz-Date=\w+/, with: "").replacing(/X-Amz-Signature=\w+/, with: "")
                .replacing(/"expires_at":"[^"]+"/, with: "").replacing(/"upload_id":"[^"]+"/, with: "")
                .replacing(/uploadId=[\w%.~-]+/, with: "")
        }

        @Test(arguments: Endpoint.allCases)
        func `A CGI response has the body and headers of a FastCGI response`(_ endpoint: Endpoint) throws {
            let process = try EndpointProcess(endpoint)
            let credential = #"{"client_id":"\#(newClientID())","api_key":"good"}"#
            let requests: [(String, [(String, String?)])] = [
                (endpoint.goodBody, []), ("{}", []), ("{", []), ("", []),
                (endpoint.goodBody, [("REQUEST_METHOD", "GET")]),
                (endpoint.goodBody, [("HTTP_X_API_KEY", nil)]), (endpoint.goodBody, [("CONTENT_TYPE", "text/plain")]),
                (endpoint.goodBody, [("CONTENT_LENGTH", "99999999")]), (endpoint.goodBody, [("CONTENT_LENGTH", "5")]),
                (#"{"r2_path":"users/фото 1.jpg","content_type":"image/png","content_length":"7"}"#, []),
                (#"{"r2_path":"else/a"}"#, []), (endpoint.goodBody, [("R2_PREFIX", "else/")]),
                (
                    #"{"credential":\#(credential),"articles":["2194435300","x"],"#
                        + #""user_id":"u","download_images":false}"#,
                    []
                ),
                (#"{"credential":\#(credential),"articles":["1"],"user_id":"u"}"#, []),
                (downloadBody(["A-1"], key: "deactivated"), []),
                (downloadBody((1...300).map { "A-\($0)" }, clientID: "7"), [("HTTP_ACCEPT", "application/x-ndjson")]),
            ]
            for (body, parameters) in requests {
                let overFastCGI = try process.post(body, with: parameters + [("REQUEST_ID", "same-id")])
                let (code, output, _) = try run(
                    endpoint, body, Dictionary(parameters.map { ($0.0, $0.1) }, uniquingKeysWith: { $1 }))
                let plain = try HTTPResponse(output)
                #expect(code == 0)
                #expect(plain.status == overFastCGI.status, "\(body.prefix(100)) \(parameters)")
                #expect(timeless(plain.text) == timeless(overFastCGI.text), "\(body.prefix(100)) \(parameters)")
                let names = { (response: HTTPResponse) in
                    response.headers.filter { $0.name != "content-length" }.map { "\($0)" }
                }
                #expect(names(plain) == names(overFastCGI))
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `Arguments of a CGI request are ignored, because its sender can choose them`(_ endpoint: Endpoint) throws {
            let directory = try TemporaryDirectory()
            let victim = directory.file("victim.jpg")
            try directory.write("victim.jpg", "picture")
            let plain = try HTTPResponse(run(endpoint, "{}").output)
            for arguments in [
                ["--listen", victim], ["--listen", directory.file("new.sock")],
                ["--listen", "127.0.0.1:\(try closedPort())"],
                ["--help"], ["--version"], ["--check"], ["anything", "else"],
            ] {
                let (code, output, errors) = try run(endpoint, "{}", arguments: arguments)
                #expect(code == 0, "\(arguments)")
                #expect(try HTTPResponse(output).text == plain.text, "\(arguments)")
                #expect(!errors.contains("usage"), "\(arguments)")
            }
            #expect(try directory.read("victim.jpg") == "picture")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["victim.jpg"])
        }

        @Test(arguments: Endpoint.allCases)
        func `Standard input shorter than CONTENT_LENGTH is an invalid body`(_ endpoint: Endpoint) throws {
            let (code, output, _) = try run(endpoint, endpoint.goodBody, ["CONTENT_LENGTH": "1000"])
            #expect(code == 0)
            #expect(fieldErrors(try HTTPResponse(output)) == ["body: Invalid JSON"])
        }

        @Test(arguments: Endpoint.allCases)
        func `Invalid settings end a CGI request with 78 and no output`(_ endpoint: Endpoint) throws {
            let (code, output, errors) = try run(endpoint, endpoint.goodBody, ["API_KEYS": nil])
            #expect(code == 78)
            #expect(output.isEmpty)
            #expect(errors.contains("API_KEYS: is missing"))
        }
    }
}
