import System

/// Repeats calls that fail for a transient reason.
///
/// The pause before a retry is the one that the upstream requests, or else a random duration from `firstPause`, doubled
/// for each further retry. Because it is random, calls that failed together are not retried together.
package struct Retry: Sendable {
    package let deadline: ContinuousClock.Instant
    private let perAttempt: Duration
    private let retries: Int
    private let firstPause: ClosedRange<Duration>

    /// Starts a budget, which several calls may share one after another. One attempt gets at most
    /// budget / (retries + 1), and never more than what remains.
    package init(budget: Duration, retries: Int) {
        deadline = .now + budget
        perAttempt = budget / (retries + 1)
        self.retries = retries
        firstPause = Duration.milliseconds(100)...Duration.milliseconds(200)
    }

    /// Limits each attempt, but not their total time.
    package init(perAttempt: Duration, retries: Int, firstPause: ClosedRange<Duration>) {
        // In effect, no deadline.
        deadline = .now + .seconds(1 << 40)
        self.perAttempt = perAttempt
        self.retries = retries
        self.firstPause = firstPause
    }

    package var remaining: Duration { ContinuousClock.now.duration(to: deadline) }

    /// The limit of an attempt that starts now, at least 1 ms.
    package var timeout: Duration { max(min(perAttempt, remaining), .milliseconds(1)) }

    package enum Attempt<Value: Sendable, Failure: Error>: Sendable {
        case success(Value)
        case failure(Failure)
        /// A transient failure, and the pause that the upstream requests.
        case retry(Failure, after: Duration?)
    }

    /// - Parameter pause: waits between attempts.
    /// - Parameter attempt: gets its number, from 1.
    /// - Throws: the last failure, once the retries are used up or the next pause would exceed the budget.
    package func callAsFunction<Value: Sendable, Failure: Error>(
        pause: (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        _ attempt: (Int) async -> Attempt<Value, Failure>
    ) async throws -> Value {
        var number = 1
        while true {
            switch await attempt(number) {
            case .success(let value): return value
            case .failure(let failure): throw failure
            case .retry(let failure, let after):
                let spread = (firstPause.upperBound - firstPause.lowerBound) * Double.random(in: 0...1)
                let wait = after ?? (firstPause.lowerBound + spread) * (1 << min(number - 1, 6))
                if number > retries || wait >= remaining { throw failure }
                try await pause(wait)
                number += 1
            }
        }
    }
}
