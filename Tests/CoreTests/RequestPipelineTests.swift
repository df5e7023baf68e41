import FastCGI
import Testing

@testable import Core
@testable import JSON

private struct UnexpectedError: Error, CustomStringConvertible {
    let description = "password is hunter2"
}

@Suite struct RequestPipelineTests {
    @Test func `A response has the expected headers`() async throws {
        let reply = try await reply()
        #expect(reply.body == #"{"hello":"x"}"#)
        #expect(
            reply.headers == [
                "Status": "200 OK", "Content-Type": "application/json", "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff", "X-Request-Id": "abc-123", "Content-Length": "13",
            ])
    }

    @Test func `Requests are rejected in the order method, key, media type, size, fields`() async throws {
        var changes: [String: String?] = [
            "REQUEST_METHOD": "GET", "HTTP_X_API_KEY": "no", "CONTENT_TYPE": "text/plain",
        ]
        let method = try await reply(changes, body: .tooLarge)
        #expect(method.status == 405)
        #expect(method.headers["Allow"] == "POST")
        changes["REQUEST_METHOD"] = "POST"
        #expect(try await reply(changes, body: .tooLarge).status == 401)
        changes["HTTP_X_API_KEY"] = "key"
        #expect(try await reply(changes, body: .tooLarge).status == 415)
        changes["CONTENT_TYPE"] = "application/json"
        #expect(try await reply(changes, body: .tooLarge).status == 413)
        #expect(try await reply(changes, body: .bytes([])).status == 400)
    }

    @Test func `A missing or repeated key is rejected, even if it is valid`() async throws {
        #expect(try await reply(["HTTP_X_API_KEY": nil]).status == 401)
        #expect(try await reply(extra: [("HTTP_X_API_KEY", "key")]).status == 401)
    }

    @Test func `A key with a scope may call only the endpoints that the scope names`() async throws {
        let digest = "abc3d82314f3edc1385fc7b9b0b092c801b9db30cefdc11fe04ee4be9685cd6d"  // of "scoped"
        for (endpoints, status) in [(#""test""#, 200), (#""other", "test""#, 200), ("\"*\"", 200), (#""tes""#, 403)] {
            let scope = #"{"id": "s", "sha256": "\#(digest)", "prefixes": [], "endpoints": [\#(endpoints)]}"#
            let keys = try APIKeys(["key"]).with(scopes: Array("[\(scope)]".utf8))
            let scoped = try await reply(["HTTP_X_API_KEY": "scoped"], keys: keys)
            #expect(scoped.status == status, "\(endpoints)")
            #expect(try scoped.member("code") == (status == 403 ? "SCOPE_DENIED" : nil))
            #expect(try await reply(keys: keys).status == 200, "a key without a scope")
        }
    }

    @Test func `A fault is sent in the form of all errors`() async throws {
        let reply = try await reply(body: .bytes(Array(#"{"name": 1}"#.utf8)))
        let expected =
            #"{"success":false,"error":"Validation failed","code":"VALIDATION_FAILED","request_id":"abc-123","#
            + #""errors":[{"field":"name","reason":"Must be a string"}]}"#
        #expect(reply.body == expected)
        #expect(reply.headers["Content-Length"] == String(expected.utf8.count))
        #expect(
            try await CoreTests.reply(body: .incomplete).body.contains(#"{"field":"body","reason":"Invalid JSON"}"#))
    }

    @Test func `A fault thrown by the endpoint keeps its code, detail and Retry-After`() async throws {
        let reply = try await reply { _, _ in throw Fault(.rateLimited, detail: "wait", retryAfter: 7) }
        #expect(reply.status == 429)
        #expect(reply.headers["Retry-After"] == "7")
        #expect(try reply.member("detail") == "wait")
    }

    @Test func `An unexpected error becomes 500 and its text is not sent`() async throws {
        let reply = try await reply { _, _ in throw UnexpectedError() }
        #expect(reply.status == 500)
        #expect(try reply.member("code") == "INTERNAL")
        #expect(!reply.body.contains("hunter2"))
    }

    @Test func `A request over the limit is rejected at once, and accepted after another has ended`() async throws {
        let (entered, began) = AsyncStream<Void>.makeStream()
        let (release, ended) = AsyncStream<Void>.makeStream()
        let pipeline = RequestPipeline<Input, Output>(
            tools: NoTools(), keys: APIKeys(["key"]), maxInFlight: 1, telemetry: telemetry())
        let handler = pipeline.handler { input, _ in
            if input.name == "held" {
                began.yield()
                for await _ in release { break }
            }
            return Output(name: input.name)
        }
        func request(_ name: String) -> Request {
            let body = Array("{\"name\": \"\(name)\"}".utf8)
            return Request(parameters: Parameters(goodRequest.map { ($0, $1) }), body: .bytes(body))
        }
        async let held = handler(request("held"))
        for await _ in entered { break }
        let second = try await Reply(handler(request("second")))
        #expect(second.status == 503)
        #expect(second.headers["Retry-After"] == "1")
        ended.yield()
        #expect(try await Reply(held).status == 200)
        #expect(try await Reply(handler(request("third"))).status == 200)
    }

    @Test func `The default limit is as many requests as have bodies of 1 GiB together, at most 1024`() {
        let expected = [(1024, 1024), (1 << 20, 1024), (4 << 20, 256), (5_000_000, 214), (64 << 20, 16)]
        for (maxBodyBytes, count) in expected { #expect(defaultMaxInFlight(maxBodyBytes: maxBodyBytes) == count) }
    }

    @Test(arguments: [
        "", String(repeating: "a", count: 65), "a b", "a\r\nX: y", "é", "a_b",
    ])
    func `A valid request ID from nginx is kept, and any other is replaced`(_ id: String) async throws {
        let generated = try #require(try await reply(["REQUEST_ID": id]).headers["X-Request-Id"])
        #expect(generated != id)
        #expect(generated.count == 32 && generated.allSatisfy(\.isHexDigit))
        let long = String(repeating: "a", count: 64)
        #expect(try await reply(["REQUEST_ID": long]).headers["X-Request-Id"] == long)
    }

    @Test func `An NDJSON response has no length, and an error that ends it is its last line`() async throws {
        let reply = try await reply { _, _ in
            Output(lines: { writer in
                try await writer.line { $0.member("n", 1) }
                throw Fault(.ozonTimeout)
            })
        }
        #expect(reply.status == 200)
        #expect(reply.headers["Content-Type"] == "application/x-ndjson")
        #expect(reply.headers["X-Accel-Buffering"] == "no")
        #expect(reply.headers["Content-Length"] == nil)
        let lines = reply.body.split(separator: "\n")
        #expect(lines.first == #"{"n":1}"#)
        #expect(lines.last?.hasPrefix(#"{"type":"error","success":false,"error":"Ozon API timeout","#) == true)
    }

    @Test func `A running request does not retain its body`() async throws {
        let pipeline = RequestPipeline<Input, Output>(
            tools: NoTools(), keys: APIKeys(["key"]), maxInFlight: 1, telemetry: telemetry())
        let request = Request(
            parameters: Parameters(goodRequest.map { ($0, $1) }), body: .bytes(Array(#"{"name": "x"}"#.utf8)))
        let handler = pipeline.handler { input, _ in
            guard case .incomplete = request.takeBody() else { throw Fault(.internalError) }
            return Output(name: input.name)
        }
        #expect(try await Reply(handler(request)).body == #"{"hello":"x"}"#)
    }
}
