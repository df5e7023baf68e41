import HTTPClient
import Synchronization
import Testing

@testable import Upstreams

private enum Failed: Error, Equatable {
    case number(Int)
}

/// What a retry did: when each attempt began, and what it was given.
private final class Record: Sendable {
    private let attempts = Mutex<[(start: ContinuousClock.Instant, milliseconds: Int)]>([])

    func add(_ budget: RetryBudget) -> Int {
        attempts.withLock {
            $0.append((.now, budget.timeout.milliseconds))
            return $0.count
        }
    }

    var count: Int { attempts.withLock(\.count) }
    var milliseconds: [Int] { attempts.withLock { $0.map(\.milliseconds) } }
    var gaps: [Duration] {
        attempts.withLock { attempts in zip(attempts, attempts.dropFirst()).map { $1.start - $0.start } }
    }
}

private func retrying(
    _ duration: Duration, _ retries: Int, _ attempt: (RetryBudget) async -> RetryPolicy.Attempt<Int, Failed>
) async throws -> Int {
    let budget = RetryBudget(duration, retries: retries)
    return try await budget.policy(until: budget.deadline) { _ in await attempt(budget) }
}

@Suite(.timeLimit(.minutes(1)))
struct RetryTests {
    private let record = Record()

    @Test func `A success is not repeated`() async throws {
        let value = try await retrying(.seconds(10), 2) { budget in
            .success(record.add(budget))
        }
        #expect(value == 1)
    }

    @Test func `A failure that trying again can't help is not repeated`() async {
        await #expect(throws: Failed.number(1)) {
            try await retrying(.seconds(10), 2) { budget in
                .failure(.number(record.add(budget)))
            }
        }
        #expect(record.count == 1)
    }

    @Test(arguments: [0, 1, 2])
    func `A failure that may pass is repeated until the retries are used up; the last one is told`(_ retries: Int) async
    {
        await #expect(throws: Failed.number(retries + 1)) {
            try await retrying(.seconds(30), retries) { budget in
                .retry(.number(record.add(budget)), after: .milliseconds(1))
            }
        }
        #expect(record.count == retries + 1)
    }

    @Test func `A success after failures is the answer`() async throws {
        let value = try await retrying(.seconds(30), 2) { budget in
            let number = record.add(budget)
            return number == 3 ? .success(number) : .retry(.number(number), after: .milliseconds(1))
        }
        #expect(value == 3)
    }

    @Test func `An attempt gets its share of the budget and no more`() async {
        _ = try? await retrying(.seconds(3), 2) { budget in
            .retry(.number(record.add(budget)), after: .milliseconds(1))
        }
        #expect(record.milliseconds.count == 3)
        #expect(record.milliseconds.allSatisfy { (900...1000).contains($0) })
    }

    @Test func `An attempt gets what is left where that is less than its share, and at least a millisecond`() async {
        _ = try? await retrying(.milliseconds(600), 1) { budget in
            .retry(.number(record.add(budget)), after: .milliseconds(450))
        }
        #expect(record.milliseconds.count == 2)
        #expect(record.milliseconds.last.map { (1...150).contains($0) } == true)
    }

    @Test func `The pause doubles, at least half of 200 and of 400 ms`() async {
        _ = try? await retrying(.seconds(30), 2) { budget in
            .retry(.number(record.add(budget)), after: nil)
        }
        #expect(record.gaps.count == 2)
        #expect(record.gaps[0] >= .milliseconds(100))
        #expect(record.gaps[1] >= .milliseconds(200))
    }

    @Test func `The pause is what the upstream asks for, where it asks`() async {
        _ = try? await retrying(.seconds(30), 1) { budget in
            .retry(.number(record.add(budget)), after: .milliseconds(300))
        }
        #expect(record.gaps.count == 1)
        #expect(record.gaps[0] >= .milliseconds(300))
    }

    @Test func `A pause that would end after the budget isn't begun`() async {
        let start = ContinuousClock.now
        await #expect(throws: Failed.number(1)) {
            try await retrying(.seconds(20), 2) { budget in
                .retry(.number(record.add(budget)), after: .seconds(60))
            }
        }
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func `Cancelling ends the pause at once`() async {
        let (began, continuation) = AsyncStream<Void>.makeStream()
        let task = Task {
            try await retrying(.seconds(100), 2) { _ in
                continuation.yield()
                return .retry(.number(1), after: .seconds(50))
            }
        }
        for await _ in began { break }
        let start = ContinuousClock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - start < .seconds(25))
    }

    @Test func `A duration in milliseconds`() {
        #expect(Duration.seconds(2).milliseconds == 2000)
        #expect(Duration.microseconds(1999).milliseconds == 1)
        #expect(Duration.zero.milliseconds == 0)
    }
}
