import HTTPClient
import Telemetry

/// HTTPClient for one upstream, each call measured: the one place where the calls to Ozon, R2 and the CDN are counted and
/// logged (Core/Upstream.swift).
package struct UpstreamClient: Sendable {
    private let upstream: Upstream
    private let client: HTTPClient

    package init(_ upstream: Upstream, _ client: HTTPClient) {
        self.upstream = upstream
        self.client = client
    }

    /// - Parameter attempt: which of the attempts at the same thing this is, from 1.
    package func send(_ call: HTTPClient.Request, attempt: Int) async throws(TransferError) -> HTTPClient.Response {
        let measured = UpstreamCall(upstream, call.method, call.url, attempt: attempt)
        do throws(TransferError) {
            let reply = try await client.send(call)
            measured.end(status: reply.status, sent: reply.sent, received: reply.body.count)
            return reply
        } catch {
            measured.end(status: nil, failure: error.result, sent: call.body.count, received: 0, cause: error.cause)
            throw error
        }
    }

    /// The call lasts until its body has come, or the pipe was closed: `MeasuredDownload.end`.
    package func download(
        _ call: HTTPClient.Request, into pipe: Pipe, attempt: Int
    ) async throws(TransferError) -> MeasuredDownload {
        let measured = UpstreamCall(upstream, call.method, call.url, attempt: attempt)
        do throws(TransferError) {
            return MeasuredDownload(reply: try await client.download(call, into: pipe), pipe: pipe, measured: measured)
        } catch {
            measured.end(status: nil, failure: error.result, sent: 0, received: 0, cause: error.cause)
            throw error
        }
    }
}

/// A download whose head has come.
package struct MeasuredDownload: Sendable {
    package let reply: HTTPClient.Response
    fileprivate let pipe: Pipe
    fileprivate let measured: UpstreamCall

    /// To be called once, when the rest is of no more interest.
    package func end() {
        measured.end(
            status: reply.status, failure: pipe.failure?.result, sent: 0, received: pipe.written,
            cause: pipe.failure?.cause)
    }
}

extension HTTPClient.Request.Body {
    fileprivate var count: Int {
        switch self {
        case .none, .made: 0
        case .bytes(let bytes): bytes.count
        case .pipe(_, let count), .file(_, let count): count
        }
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
        case .tooLarge: "the answer is too large"
        case .forbiddenAddress: "its address isn't public"
        case .timeout, .cancelled: nil
        }
    }
}
