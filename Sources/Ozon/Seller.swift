import Core
import HTTPClient
import JSON
import Telemetry
import Upstreams

/// Ozon's Seller API: every method a POST of JSON with the headers Client-Id and Api-Key.
package final class Seller: Sendable {
    /// The pushes of one product take turns.
    let pushTurns = PushTurns()
    let pendingPushes = PendingPushes()
    private let client: UpstreamClient
    private let origin: String
    private let pace = Throttle()

    /// The largest answer: 1000 products with 50 pictures each stay below 10 MB.
    private static let maxReplyBytes = 16 << 20

    package init(_ client: HTTPClient, origin: String) {
        self.client = UpstreamClient(.ozon, client)
        self.origin = origin
    }

    /// One method's answer, a JSON object.
    package func call(
        _ path: String, _ body: [UInt8], as credential: Credential, within retry: Retry
    ) async throws -> ResponseValue {
        try await call(path, made: { body }, as: credential, within: retry)
    }

    /// - Parameter body: makes the body for each attempt; it isn't kept while Ozon thinks.
    func call(
        _ path: String, made body: @escaping @Sendable () -> [UInt8], as credential: Credential, within retry: Retry
    ) async throws -> ResponseValue {
        let json = try await retry(pause: RequestTrace.pause) { number -> Retry.Attempt<JSON, any Error> in
            let turn = pace.turn(credential, within: retry.remaining)
            if turn.isRefused { return .failure(Fault(.rateLimited, retryAfter: turn.wait.milliseconds / 1000 + 1)) }
            if turn.wait > .zero {
                do { try await RequestTrace.pause(for: turn.wait) } catch { return .failure(error) }
            }
            return await attempt(path, body, credential, retry.timeout.milliseconds, number)
        }
        return ResponseValue(json, of: path, credential)
    }

    private func attempt(
        _ path: String, _ body: @escaping @Sendable () -> [UInt8], _ credential: Credential, _ milliseconds: Int,
        _ number: Int
    ) async -> Retry.Attempt<JSON, any Error> {
        let call = HTTPClient.Request(
            "POST", origin + path,
            headers: [
                "Client-Id": credential.clientID, "Api-Key": credential.apiKey,
                "Content-Type": "application/json", "Accept": "application/json",
            ],
            body: .made(body), timeout: milliseconds, maxReplyBytes: Self.maxReplyBytes)
        let error: SellerError
        do throws(TransferError) {
            let reply = try await client.send(call, attempt: number)
            if (200..<300).contains(reply.status) { return object(reply.body) }
            error = SellerError(reply, credential)
        } catch {
            if error == .cancelled { return .failure(CancellationError()) }
            return refused(SellerError(error), credential)
        }
        return refused(error, credential)
    }

    private func object(_ body: [UInt8]) -> Retry.Attempt<JSON, any Error> {
        guard let json = try? JSON(body, duplicates: .lastWins), case .object = json else {
            return .failure(Fault(.ozonBadAnswer, detail: "The answer is no JSON object"))
        }
        return .success(json)
    }

    private func refused(_ error: SellerError, _ credential: Credential) -> Retry.Attempt<JSON, any Error> {
        switch error.retry {
        case nil: return .failure(error.fault)
        case .soon: return .retry(error.fault, after: nil)
        case .quota(let wait): return .retry(error.fault, after: wait)
        case .later(let wait, let perSecond):
            pace.slowDown(credential, perSecond: perSecond, after: wait)
            return .retry(error.fault, after: wait)
        }
    }
}

extension Settings {
    /// Ozon's API at `OZON_API_URL`. Nil, and a fault, if that can't be used.
    package mutating func seller() -> Seller? {
        let origin = origin("OZON_API_URL", default: "https://api-seller.ozon.ru", "The origin of Ozon's Seller API.")
        let authorities = certificateAuthorities()
        guard let origin else { return nil }
        let options = HTTPClient.Options(maxConnections: 512, speaksHTTP2: true, authorities: authorities)
        return Seller(HTTPClient(options), origin: origin.url)
    }
}
