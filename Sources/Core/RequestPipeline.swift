import Encoding
import FastCGI
import JSON
import Synchronization
import Telemetry

/// Handles every request: checks the method, API key, media type and size, decodes the fields, calls the endpoint's
/// `handle`, turns its output or error into a response, and counts and logs the request.
final class RequestPipeline<Input: RequestBody, Output: ResponseBody>: Sendable {
    typealias Context = RequestContext<Input.Tools>

    private let tools: Input.Tools
    private let keys: Mutex<APIKeys>
    private let maxInFlight: Int
    private let telemetry: ProcessTelemetry

    init(tools: Input.Tools, keys: APIKeys, maxInFlight: Int, telemetry: ProcessTelemetry) {
        self.tools = tools
        self.keys = Mutex(keys)
        self.maxInFlight = maxInFlight
        self.telemetry = telemetry
    }

    /// Replaces the API keys for all later requests.
    func replaceKeys(_ keys: APIKeys) {
        self.keys.withLock { $0 = keys }
    }

    func handler(_ handle: @escaping @Sendable (Input, Context) async throws -> Output) -> Handler {
        { [self] request in
            let trace = RequestTrace.begin(requestID: requestID(request.parameters), telemetry: telemetry)
            do {
                let (input, context) = try decode(request, trace)
                let output = try await RequestTrace.$current.withValue(trace) { try await handle(input, context) }
                switch output.content {
                case .json(let body): return succeed(body, trace)
                case .ndjson(let produce): return stream(produce, trace)
                }
            } catch {
                return fail(Fault(error), trace)
            }
        }
    }

    private func decode(_ request: Request, _ trace: RequestTrace) throws(Fault) -> (Input, Context) {
        let access = try authorize(request.parameters, trace)
        // A process that is overloaded still answers deploy/probe, which has no key.
        if trace.requestsInFlight > maxInFlight { throw Fault(.overloaded, retryAfter: 1) }
        let caller = Caller(request.parameters, scopePrefixes: access.prefixes)
        let fields = try Fields(body: try body(of: request), caller: caller)
        let input: Input
        do throws(InvalidFields) {
            input = try Input(fields, tools)
        } catch {
            try fields.check()
            throw Fault(.internalError, cause: "a field was invalid, but no fault was recorded")
        }
        try fields.check()
        return (input, Context(tools: tools, caller: caller))
    }

    private func authorize(_ parameters: Parameters, _ trace: RequestTrace) throws(Fault) -> APIKeys.Access {
        guard parameters["REQUEST_METHOD"] == "POST" else { throw Fault(.methodNotAllowed) }
        let values = parameters.all("HTTP_X_API_KEY")
        guard let access = keys.withLock({ $0.access(forHeaderValues: values) }) else { throw Fault(.unauthorized) }
        // Set before any further check, so that the log shows whose request was rejected.
        trace.keyID = access.id
        if let endpoints = access.endpoints, !endpoints.contains(telemetry.log.endpoint) { throw Fault(.scopeDenied) }
        return access
    }

    /// Takes the body out of the request, so that only the decoded fields use memory while the request is handled.
    private func body(of request: Request) throws(Fault) -> [UInt8] {
        guard isJSON(request.parameters["CONTENT_TYPE"] ?? "") else { throw Fault(.unsupportedMediaType) }
        switch request.takeBody() {
        case .bytes(let bytes): return bytes
        case .tooLarge: throw Fault(.bodyTooLarge)
        case .incomplete: throw Fields.bodyFault("Invalid JSON")
        }
    }

    private func succeed(_ body: [UInt8], _ trace: RequestTrace) -> Response {
        trace.end(.ok, status: 200, bytes: body.count)
        return response(200, body, requestID: trace.requestID)
    }

    private func fail(_ fault: Fault, _ trace: RequestTrace) -> Response {
        var json = JSONWriter()
        json.object { fault.writeMembers(to: &$0, requestID: trace.requestID) }
        let body = json.bytes
        end(trace, with: fault, status: fault.code.status, bytes: body.count)
        return response(fault.code.status, body, requestID: trace.requestID) { head in
            if let seconds = fault.retryAfter { head.append(text: "Retry-After: \(seconds)\r\n") }
            if fault.code == .methodNotAllowed { head.append("Allow: POST\r\n") }
        }
    }

    private func response(
        _ status: Int, _ body: [UInt8], requestID: String, _ more: (inout [UInt8]) -> Void = { _ in }
    ) -> Response {
        let head = responseHead(status, "application/json", requestID: requestID) { head in
            head.append("Content-Length: ")
            head.append(decimal: body.count)
            head.append("\r\n")
            more(&head)
        }
        return Response(head: head, body: .bytes(body))
    }

    private func stream(
        _ produce: @escaping @Sendable (LineWriter) async throws -> Void, _ trace: RequestTrace
    ) -> Response {
        let head = responseHead(200, "application/x-ndjson", requestID: trace.requestID) {
            $0.append("X-Accel-Buffering: no\r\n")
        }
        return Response(
            head: head,
            body: .stream { [self] buffer in
                let writer = LineWriter(buffer)
                do {
                    try await RequestTrace.$current.withValue(trace) {
                        try await writer.withHeartbeats { try await produce(writer) }
                    }
                    trace.end(.ok, status: 200, bytes: writer.bytes)
                } catch {
                    let fault = Fault(error)
                    try? await writer.line { json in
                        json.member("type", "error")
                        fault.writeMembers(to: &json, requestID: trace.requestID)
                    }
                    end(trace, with: fault, status: 200, bytes: writer.bytes)
                }
            })
    }

    private func end(_ trace: RequestTrace, with fault: Fault, status: Int, bytes: Int) {
        trace.end(
            .error(fault.code), status: status, bytes: bytes, detail: fault.detail, cause: fault.cause)
    }
}
