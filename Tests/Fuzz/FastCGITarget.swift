import FastCGI
import Foundation

@testable import Core
@testable import JSON
@testable import R2
@testable import Telemetry
@testable import Uploads

private let apiKey = "K3y!"
private let connections = FastCGIServer()

/// The input is a byte that determines the sizes of the records, then parameters (`NAME=VALUE`, a line each), an empty
/// line and a body. They are sent as nginx sends them: the framing is valid, because libfcgi doesn't survive a peer
/// that violates it, but every name, value and body is possible. The response must be a complete one, in JSON, without
/// the API key, and only a request with that key may succeed.
func fuzzFastCGI(_ bytes: [UInt8]) {
    guard let pace = bytes.first else { return }
    let rest = bytes.dropFirst()
    var lines: [[UInt8]] = []
    var start = rest.startIndex
    while let end = rest[start...].firstIndex(of: 0x0A), end > start {
        lines.append(Array(rest[start..<end]))
        start = end + 1
    }
    let body = rest[min(start + 1, rest.endIndex)...]
    let parameters = lines.map { line in
        let parts = line.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
        return (name: Array(parts[0]), value: parts.count == 2 ? Array(parts[1]) : [])
    }
    let request = FastCGIRequest(parameters: parameters, body: Array(body), pace: Int(pace))
    guard let output = connections.exchange(request) else {
        violated("there is no complete response: \(String(cString: strerror(errno)))")
    }
    check(output, parameters)
}

private func check(_ output: [UInt8], _ parameters: [(name: [UInt8], value: [UInt8])]) {
    let text = String(decoding: output, as: UTF8.self)
    guard let end = text.range(of: "\r\n\r\n"), text.hasPrefix("Status: "),
        let status = Int(text.dropFirst(8).prefix(3))
    else { violated("the response is \(text)") }
    let head = text[..<end.lowerBound]
    let body = text[end.upperBound...]
    require(head.split(separator: "\r\n").allSatisfy { $0.contains(": ") && !$0.contains("\n") }, "the head is \(head)")
    // The page `ping` and the metrics are not JSON.
    if !head.contains("Content-Type: application/json"), !head.contains("x-ndjson") { return }
    let texts = head.contains("application/x-ndjson") ? body.split(separator: "\n") : [body]
    for json in texts {
        let object = try? JSONSerialization.jsonObject(with: Data(json.utf8))
        require(object is [String: Any], "the response is \(json)")
    }
    require(status == 200 || !text.contains(apiKey), "the response contains the API key: \(text)")
    // A C string ends at its first NUL.
    let keys = parameters.filter { $0.name == Array("HTTP_X_API_KEY".utf8) }.map { $0.value.prefix { $0 != 0 } }
    let isAuthorized = keys.count == 1 && keys[0].elementsEqual(apiKey.utf8)
    let isPage = parameters.contains { $0.name == Array("OZON_R2_STATUS".utf8) }
    require(status != 200 || isAuthorized || isPage, "status 200 without the API key")
    require([200, 400, 401, 403, 404, 405, 413, 415].contains(status), "the status is \(status)")
}

struct FuzzTools: Tools {
    let rules = UploadRules(
        prefixes: AllowedPrefixes(["users"]), types: ["image/jpeg", "image/png"], requiresType: false,
        maxBytes: 1 << 30)

    init?(_ settings: inout Settings) {}
    init() {}
}

/// One field for each reader.
struct FuzzInput: RequestBody {
    let key: ObjectKey

    init(_ fields: Fields, _ tools: FuzzTools) throws(InvalidFields) {
        let key = fields.objectKey("r2_path", tools.rules)
        _ = fields.contentType(tools.rules)
        _ = fields.uploadID(required: false)
        _ = fields.partPlan(of: fields.integer("size", in: 1...PartPlan.maxBytes, required: false))
        _ = fields.bool("flag", default: false)
        _ = fields.choice("choice", ["a", "b"], default: "a")
        _ = fields.strings("strings", limit: 10)
        _ = fields.integers("integers", in: 1...100, limit: 10)
        _ = fields.entries("entries") { $1.isEmpty }
        _ = fields.objects("objects", limit: 10, required: false) { inner throws(InvalidFields) in
            try inner.require(inner.integer("part_number", in: 1...10_000))
        }
        self.key = try fields.require(key)
    }
}

struct FuzzOutput: ResponseBody {
    let key: ObjectKey
    let isStream: Bool

    var content: ResponseContent {
        if isStream { return .ndjson { [key] in try await $0.line { $0.member("key", key.text) } } }
        var json = JSONWriter()
        json.data { $0.member("key", key.text) }
        return .json(json.bytes)
    }
}

func fuzzHandler() -> Handler {
    let scoreboard = Scoreboard(endpoint: "fuzz")
    let log = Log(endpoint: "fuzz", level: .error, sink: LogSink(open("/dev/null", O_WRONLY)))
    let pipeline = RequestPipeline<FuzzInput, FuzzOutput>(
        tools: FuzzTools(), keys: APIKeys([apiKey]), maxInFlight: 100,
        telemetry: ProcessTelemetry(log: log, scoreboard: scoreboard, slowMilliseconds: 60_000))
    return StatusPage(scoreboard).before(
        pipeline.handler { input, context in
            FuzzOutput(key: input.key, isStream: context.caller.acceptsNDJSON)
        })
}
