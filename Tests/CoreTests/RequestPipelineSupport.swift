import FastCGI
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Core
@testable import JSON
@testable import Telemetry

struct NoTools: Tools {
    init() {}
    init?(_ settings: inout Settings) {}
}

struct Input: RequestBody {
    let name: String

    init(_ fields: Fields, _ tools: NoTools) throws(InvalidFields) {
        name = try fields.require(fields.string("name"))
    }
}

struct Output: ResponseBody {
    var name = ""
    var lines: (@Sendable (LineWriter) async throws -> Void)?

    var content: ResponseContent {
        if let lines { return .ndjson(lines) }
        var json = JSONWriter()
        json.object { $0.member("hello", name) }
        return .json(json.bytes)
    }
}

struct Reply {
    let status: Int
    let headers: [String: String]
    let body: String

    init(_ response: Response) async throws {
        let buffer = ResponseBuffer {}
        await buffer.send(response)
        let whole = text(buffer.take().bytes)
        let end = try #require(whole.range(of: "\r\n\r\n"))
        body = String(whole[end.upperBound...])
        headers = Dictionary(
            uniqueKeysWithValues: whole[..<end.lowerBound].components(separatedBy: "\r\n").map { line in
                let parts = line.components(separatedBy: ": ")
                return (parts[0], parts[1])
            })
        status = try #require(headers["Status"].flatMap { Int($0.prefix(3)) })
    }

    func member(_ name: String) throws -> String? {
        let object = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        return object?[name] as? String
    }
}

let goodRequest = [
    "REQUEST_METHOD": "POST", "HTTP_X_API_KEY": "key", "CONTENT_TYPE": "application/json", "REQUEST_ID": "abc-123",
]

func telemetry(
    _ scoreboard: Scoreboard = Scoreboard(endpoint: "test"), slowMilliseconds: Int = 5000, level: Log.Level = .error,
    sink: LogSink = LogSink(2)
) -> ProcessTelemetry {
    ProcessTelemetry(
        log: Log(endpoint: "test", level: level, sink: sink), scoreboard: scoreboard,
        slowMilliseconds: slowMilliseconds)
}

typealias Handle = @Sendable (Input, RequestContext<NoTools>) async throws -> Output

func reply(
    _ changes: [String: String?] = [:], extra: [(String, String)] = [],
    body: Request.Body = .bytes(Array(#"{"name": "x"}"#.utf8)),
    keys: APIKeys = APIKeys(["key"]), maxInFlight: Int = 1,
    _ handle: @escaping Handle = { input, _ in Output(name: input.name) }
) async throws -> Reply {
    let pipeline = RequestPipeline<Input, Output>(
        tools: NoTools(), keys: keys, maxInFlight: maxInFlight, telemetry: telemetry())
    var environment = goodRequest
    for (name, value) in changes { environment[name] = value }
    let parameters = Parameters(environment.map { ($0, $1) } + extra)
    return try await Reply(pipeline.handler(handle)(Request(parameters: parameters, body: body)))
}
