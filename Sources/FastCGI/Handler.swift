/// Handles one request. It runs on a worker's thread until it first suspends, and is cancelled when the peer hangs up.
package typealias Handler = @Sendable (Request) async -> Response
