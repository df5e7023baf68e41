import System

/// A time budget shared by the attempts at one call: the one place where calls are repeated.
///
/// An attempt gets at most budget / (retries + 1), and never more than what is left. Between attempts: what the upstream
/// asks for, else 200 ms, 400 ms, … with half of it drawn by chance, so that callers who failed together come back apart.
package struct Retry: Sendable {
    package let deadline: ContinuousClock.Instant
    private let most: Duration
    private let retries: Int

    /// The budget begins to run now, and may be shared by several calls one after another.
    package init(budget: Duration, retries: Int) {
        deadline = .now + budget
        most = budget / (retries + 1)
        self.retries = retries
    }

    /// Until the budget is used up.
    package var left: Duration { ContinuousClock.now.duration(to: deadline) }

    /// What an attempt that begins now may take; at least 1.
    package var milliseconds: Int { max(min(most, left).milliseconds, 1) }

    package enum Attempt<Value: Sendable, Failure: Error>: Sendable {
        case success(Value)
        /// Trying again cannot help.
        case failure(Failure)
        /// Trying again may help, after the time the upstream asked for.
        case again(Failure, after: Duration?)
    }

    /// - Parameter pause: waits between attempts.
    /// - Parameter attempt: is told which it is, from 1.
    /// - Throws: the last failure; a wait that would end after the budget isn't begun.
    package func callAsFunction<Value: Sendable, Failure: Error>(
        pause: (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        _ attempt: (Int) async -> Attempt<Value, Failure>
    ) async throws -> Value {
        var count = 0
        while true {
            switch await attempt(count + 1) {
            case .success(let value): return value
            case .failure(let failure): throw failure
            case .again(let failure, let after):
                let backoff = Duration.milliseconds(200 << min(count, 6)) * Double.random(in: 0.5...1)
                let wait = after ?? backoff
                if count >= retries || wait >= left { throw failure }
                try await pause(wait)
                count += 1
            }
        }
    }
}
