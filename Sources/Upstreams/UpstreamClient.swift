import HTTPClient
import Telemetry

/// An HTTPClient for one upstream that counts and logs each call (Telemetry/UpstreamCall.swift).
package struct UpstreamClient: Sendable {
    private let upstream: Upstream
    private let client: HTTPClient

    package init(_ upstream: Upstream, _ client: HTTPClient) {
        self.upstream = upstream
        self.client = client
    }

    /// - Parameter attempt: the number of the attempt: 1 for the first, 2 for the first retry.
    package func send(_ request: HTTPClient.Request, attempt: Int) async throws(TransferError) -> HTTPClient.Response {
        let call = UpstreamCall(upstream, request.method, request.url, attempt: attempt)
        do throws(TransferError) {
            let response = try await client.send(request)
            call.end(status: response.status, sent: response.sent, received: response.body.count)
            return response
        } catch {
            call.end(status: nil, failure: error.result, sent: nil, received: 0, cause: error.cause)
            throw error
        }
    }

    /// Returns once the response's headers have arrived. The call lasts until `MeasuredDownload.end`.
    package func download(
        _ request: HTTPClient.Request, into pipe: Pipe, attempt: Int
    ) async throws(TransferError) -> MeasuredDownload {
        let call = UpstreamCall(upstream, request.method, request.url, attempt: attempt)
        do throws(TransferError) {
            return MeasuredDownload(
                response: try await client.download(request, into: pipe), pipe: pipe, call: call)
        } catch {
            call.end(status: nil, failure: error.result, sent: nil, received: 0, cause: error.cause)
            throw error
        }
    }
}

/// A download whose headers have arrived and whose body goes into a pipe.
package struct MeasuredDownload: Sendable {
    package let response: HTTPClient.Response
    fileprivate let pipe: Pipe
    fileprivate let call: UpstreamCall

    /// Ends the measurement. Call it exactly once, after the pipe was read to its end or when the rest isn't needed.
    package func end() {
        call.end(
            status: response.status, failure: failure, sent: 0, received: pipe.written, cause: pipe.failure?.cause)
    }

    private var failure: UpstreamCall.Result? {
        if response.status != 200 || pipe.isComplete { return nil }
        if Task.isCancelled { return .cancelled }
        // A paused download ends early because of its reader.
        return pipe.writerWaits ? .broken : pipe.failure?.result ?? .broken
    }
}

extension TransferError {
    fileprivate var result: UpstreamCall.Result {
        switch self {
        case .unreachable, .untrusted, .forbiddenAddress: .unreachable
        case .broken, .tooLarge: .broken
        case .timeout: .timeout
        case .cancelled: .cancelled
        }
    }

    fileprivate var cause: String? {
        switch self {
        case .unreachable(let text), .untrusted(let text), .broken(let text): text
        case .tooLarge: "the response is too large"
        case .forbiddenAddress: "the host's address isn't public"
        case .timeout, .cancelled: nil
        }
    }
}
