/// Repeats calls that fail for a transient reason.
///
/// The pause before a retry is the one that the upstream requests, or else a random duration from `firstPause`, doubled
/// for each further retry, at most six times. Because it is random, calls that failed together are not retried at the
/// same time.
package struct RetryPolicy: Sendable {
    private let retries: Int
    private let firstPause: ClosedRange<Duration>

    package init(retries: Int, firstPause: ClosedRange<Duration>) {
        self.retries = retries
        self.firstPause = firstPause
    }

    package enum Attempt<Value: Sendable, Failure: Error>: Sendable {
        case success(Value)
        case failure(Failure)
        /// A transient failure, and the pause that the upstream requests.
        case retry(Failure, after: Duration?)
    }

    /// - Parameter pause: waits between attempts.
    /// - Parameter attempt: gets its number, from 1.
    /// - Throws: the last failure, once the retries are used up or the next pause would exceed the deadline; or the
    ///   error that `pause` throws.
    package func callAsFunction<Value: Sendable, Failure: Error>(
        until deadline: ContinuousClock.Instant? = nil,
        pause: (Duration) async throws -> Void,
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
                if number > retries { throw failure }
                if let deadline, wait >= ContinuousClock.now.duration(to: deadline) { throw failure }
                try await pause(wait)
                number += 1
            }
        }
    }
}

/// A time limit that several calls may share one after another. One attempt gets at most budget / (retries + 1), and
/// never more than what remains.
package struct RetryBudget: Sendable {
    package private(set) var deadline: ContinuousClock.Instant
    package let policy: RetryPolicy
    private let perAttempt: Duration

    /// Starts the budget.
    package init(_ budget: Duration, retries: Int) {
        deadline = .now + budget
        policy = RetryPolicy(retries: retries, firstPause: Duration.milliseconds(100)...Duration.milliseconds(200))
        perAttempt = budget / (retries + 1)
    }

    /// The same budget without its last part, which is kept for the calls that follow.
    package func reserving(_ reserve: Duration) -> RetryBudget {
        var budget = self
        budget.deadline = deadline - reserve
        return budget
    }

    /// The rest of the budget.
    package var remaining: Duration { ContinuousClock.now.duration(to: deadline) }

    /// The limit of an attempt that starts now, at least 1 ms.
    package var timeout: Duration { max(min(perAttempt, remaining), .milliseconds(1)) }
}
