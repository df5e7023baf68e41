import Core
import Encoding
import HTTPClient
import JSON
import System
import Telemetry
import Upstreams

/// Ozon's Seller API. Every method is a POST of JSON with the headers Client-Id and Api-Key.
package final class Seller: Sendable {
    private let client: UpstreamClient
    private let origin: String
    private let throttle = Throttle()

    package init(_ client: HTTPClient, origin: String) {
        self.client = UpstreamClient(.ozon, client)
        self.origin = origin
    }

    /// - Parameter body: writes the request's JSON. It runs for each attempt, so that a large body isn't kept in memory
    ///   while Ozon works.
    /// - Parameter onUncertainty: called when an attempt fails although Ozon may have carried it out.
    /// - Returns: the response, a JSON object.
    func post(
        _ path: String, as credential: Credential, within budget: RetryBudget, maxResponseBytes: Int = 1 << 20,
        onUncertainty: () -> Void = {}, body: @escaping @Sendable (inout JSONWriter) -> Void
    ) async throws -> ResponseValue {
        let json = try await budget.policy(until: budget.deadline, pause: RequestTrace.pause) {
            attempt -> RetryPolicy.Attempt<JSON, any Error> in
            let reservation = throttle.reserve(credential, within: budget.remaining)
            let wait = reservation.wait
            if reservation.exceedsLimit {
                return .failure(Fault(.rateLimited, retryAfter: wait.milliseconds / 1000 + 1))
            }
            do {
                if wait > .zero { try await RequestTrace.pause(for: wait) }
                let request = request(
                    path, as: credential, timeout: budget.timeout, maxResponseBytes: maxResponseBytes, body: body)
                return .success(try await send(request, as: credential, attempt: attempt))
            } catch let error as SellerError {
                if error.isUncertain { onUncertainty() }
                switch error.retry {
                case nil: return .failure(error.fault)
                case .backoff(let wait): return .retry(error.fault, after: wait)
                case .afterQuota(let wait): return .retry(error.fault, after: wait)
                case .after(let wait, let rate):
                    throttle.limit(credential, rate: rate, after: wait)
                    return .retry(error.fault, after: wait)
                }
            } catch { return .failure(error) }
        }
        return ResponseValue(json, of: path, credential)
    }

    private func request(
        _ path: String, as credential: Credential, timeout: Duration, maxResponseBytes: Int,
        body: @escaping @Sendable (inout JSONWriter) -> Void
    ) -> HTTPClient.Request {
        HTTPClient.Request(
            "POST", origin + path,
            headers: [
                "Client-Id": credential.clientID, "Api-Key": credential.apiKey,
                "Content-Type": "application/json", "Accept": "application/json",
            ],
            body: .generated {
                var json = JSONWriter()
                body(&json)
                return json.bytes
            }, timeout: timeout, maxResponseBytes: maxResponseBytes)
    }

    /// - Throws: `SellerError`, or `CancellationError`.
    private func send(_ request: HTTPClient.Request, as credential: Credential, attempt: Int) async throws -> JSON {
        let response: HTTPClient.Response
        do throws(TransferError) { response = try await client.send(request, attempt: attempt) } catch {
            if error == .cancelled { throw CancellationError() }
            throw SellerError(error)
        }
        guard response.status == 200, let json = try? JSON(response.body, duplicates: .lastWins),
            case .object = json
        else { throw SellerError(response, credential) }
        return json
    }
}

extension Settings {
    /// Ozon's API at `OZON_API_URL`. Nil if a setting is invalid, which is then recorded as a fault.
    package mutating func seller() -> Seller? {
        let origin = origin("OZON_API_URL", default: "https://api-seller.ozon.ru", "The origin of Ozon's Seller API.")
        let authoritiesFile = certificateAuthoritiesFile()
        guard let origin else { return nil }
        let options = HTTPClient.Options(maxTransfers: 512, allowsHTTP2: true, authoritiesFile: authoritiesFile)
        return Seller(HTTPClient(options), origin: origin.url)
    }
}
