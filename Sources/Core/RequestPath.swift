import FastCGI
import Glibc
import HTTP
import Synchronization

/// The way of every request: method → key → media type → size → fields → the endpoint's own `answer` → JSON, or a fault;
/// then its counts and one log line.
final class RequestPath<Body: RequestBody, Answer: ResponseBody>: Sendable {
    /// The endpoint's own part.
    typealias Answering = @Sendable (Body, Call<Body.Tools>) async throws -> Answer

    private let tools: Body.Tools
    private let keys: Mutex<APIKeys>
    private let maxInFlight: Int
    private let observation: Observation

    init(tools: Body.Tools, keys: APIKeys, maxInFlight: Int, observation: Observation) {
        self.tools = tools
        self.keys = Mutex(keys)
        self.maxInFlight = maxInFlight
        self.observation = observation
    }

    /// For the requests that come from now on.
    func replace(_ keys: APIKeys) {
        self.keys.withLock { $0 = keys }
    }

    func handler(_ answer: @escaping Answering) -> Handler {
        { [self] request in
            let trace = begin(request)
            do {
                let (ask, call) = try accept(request, trace)
                let answer = try await Trace.$current.withValue(trace) { try await answer(ask, call) }
                return conclude(answer, trace)
            } catch {
                return refuse(error, trace)
            }
        }
    }

    private func begin(_ request: Request) -> Trace {
        Trace(
            requestID: requestID(request.parameters), observation: observation,
            isOver: observation.scoreboard.begin() > maxInFlight)
    }

    private func accept(_ request: Request, _ trace: Trace) throws(Fault) -> (Body, Call<Body.Tools>) {
        if trace.isOver { throw Fault(.overloaded, retryAfter: 1) }
        let access = try authorize(request.parameters, trace)
        let caller = Caller(request.parameters, scope: access.prefixes)
        let fields = try Fields(body: try body(of: request), caller: caller)
        let ask = Body(fields, tools)
        try fields.check()
        guard let ask else { throw Fault(.internalError, cause: "a fault of a field went unnoted") }
        return (ask, Call(tools: tools, caller: caller, scoreboard: observation.scoreboard))
    }

    private func authorize(_ parameters: Parameters, _ trace: Trace) throws(Fault) -> APIKeys.Access {
        guard parameters["REQUEST_METHOD"] == "POST" else { throw Fault(.methodNotAllowed) }
        let values = parameters.all("HTTP_X_API_KEY")
        guard let access = keys.withLock({ $0.access(values) }) else { throw Fault(.unauthorized) }
        // Before anything is refused: the log then names whose key it was.
        trace.keyID = access.id
        if let endpoints = access.endpoints, !endpoints.contains(observation.log.endpoint) { throw Fault(.scopeDenied) }
        return access
    }

    private func conclude(_ answer: Answer, _ trace: Trace) -> Response {
        if let lines = answer.lines { return streamed(lines, trace) }
        var json = JSONWriter(capacity: 1024)
        answer.write(to: &json)
        return ended(json.bytes, status: 200, trace)
    }

    private func refuse(_ error: any Error, _ trace: Trace) -> Response {
        let fault = fault(from: error)
        trace.fault = fault
        var json = JSONWriter()
        json.object { fault.writeMembers(to: &$0, requestID: trace.requestID) }
        return ended(json.bytes, status: fault.kind.row.status, trace, fault)
    }

    /// The body, which the request then no longer holds: what was decoded is all that stays while the request runs.
    private func body(of request: Request) throws(Fault) -> [UInt8] {
        guard isJSON(request.parameters["CONTENT_TYPE"] ?? "") else { throw Fault(.unsupportedMediaType) }
        switch request.takeBody() {
        case .bytes(let bytes): return bytes
        case .tooLarge: throw Fault(.bodyTooLarge)
        case .incomplete: throw Fields.bodyFault("Invalid JSON")
        }
    }

    private func ended(_ body: [UInt8], status: Int, _ trace: Trace, _ fault: Fault? = nil) -> Response {
        trace.end(status: status, bytes: body.count)
        let head = responseHead(status, "application/json", requestID: trace.requestID) { head in
            head.append("Content-Length: ")
            head.append(decimal: body.count)
            head.append("\r\n")
            if let seconds = fault?.retryAfter { head.append("Retry-After: \(seconds)\r\n" as String) }
            if fault?.kind == .methodNotAllowed { head.append("Allow: POST\r\n") }
        }
        return Response(head: head, body: .bytes(body))
    }

    private func streamed(_ lines: @escaping @Sendable (LineWriter) async throws -> Void, _ trace: Trace) -> Response {
        let head = responseHead(200, "application/x-ndjson", requestID: trace.requestID) {
            $0.append("X-Accel-Buffering: no\r\n")
        }
        return Response(
            head: head,
            body: .stream { [self] body in
                let writer = LineWriter(body)
                do {
                    try await Trace.$current.withValue(trace) {
                        try await writer.withHeartbeats { try await lines(writer) }
                    }
                } catch {
                    let fault = fault(from: error)
                    trace.fault = fault
                    try? await writer.line { json in
                        json.member("type", "error")
                        fault.writeMembers(to: &json, requestID: trace.requestID)
                    }
                }
                trace.end(status: 200, bytes: writer.bytes, isSent: true)
            })
    }

    private func fault(from error: any Error) -> Fault {
        switch error {
        case let fault as Fault: fault
        case is CancellationError: Fault(.internalError, cause: Trace.clientWentAway)
        default: Fault(.internalError, cause: "\(error)")
        }
    }
}

func responseHead(
    _ status: Int, _ type: StaticString, requestID: String, _ more: (inout [UInt8]) -> Void
) -> [UInt8] {
    var head: [UInt8] = []
    head.reserveCapacity(256)
    head.append("Status: ")
    head.append(decimal: status)
    head.append(" ")
    head.append(reason(status))
    head.append("\r\nContent-Type: ")
    head.append(type)
    head.append("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: ")
    head.append(requestID)
    head.append("\r\n")
    more(&head)
    head.append("\r\n")
    return head
}

private func reason(_ status: Int) -> StaticString {
    switch status {
    case 200: "OK"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 429: "Too Many Requests"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    default: "Internal Server Error"
    }
}

/// nginx's `$request_id` if it is 1…64 of `[A-Za-z0-9-]`, else one made here.
func requestID(_ parameters: Parameters) -> String {
    if let given = parameters["REQUEST_ID"], (1...64).contains(given.utf8.count), isPlain(given) {
        return given
    }
    var bytes: [UInt8] = []
    bytes.append(hex: (0..<16).map { _ in UInt8.random(in: 0...255) })
    return String(decoding: bytes, as: UTF8.self)
}

private func isPlain(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                continue
            default: return false
            }
        }
        return true
    }
}

/// `application/json`, in any case, with or without parameters. Browsers send it across sites only after a preflight.
func isJSON(_ contentType: String) -> Bool {
    contentType == "application/json" || mediaType(contentType) == "application/json"
}
