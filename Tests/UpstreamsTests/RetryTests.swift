import HTTPClient
import Synchronization
import Testing

@testable import Upstreams

private enum Failed: Error, Equatable {
    case number(Int)
}

/// Records the time limit of each attempt, in milliseconds, and the requested pauses.
private final class Recorder: Sendable {
    private let state = Mutex((limits: [Int](), pauses: [Duration]()))

    /// - Returns: the number of the attempt.
    func add(_ budget: RetryBudget) -> Int {
        state.withLock {
            $0.limits.append(budget.timeout.milliseconds)
            return $0.limits.count
        }
    }

    func addPause(_ pause: Duration) { state.withLock { $0.pauses.append(pause) } }

    var limits: [Int] { state.withLock(\.limits) }
    var pauses: [Duration] { state.withLock(\.pauses) }
}

@Suite(.timeLimit(.minutes(1)))
struct RetryTests {
    private let recorder = Recorder()

    /// - Parameter sleeps: false if the pauses are only recorded.
    private func retrying(
        _ limit: Duration, _ retries: Int, sleeps: Bool = false,
        _ attempt: (RetryBudget) async -> RetryPolicy.Attempt<Int, Failed>
    ) async throws -> Int {
        let budget = RetryBudget(limit, retries: retries)
        func pause(_ duration: Duration) async throws {
            if sleeps { try await Task.sleep(for: duration) } else { recorder.addPause(duration) }
        }
        return try await budget.policy(until: budget.deadline, pause: pause) { _ in await attempt(budget) }
    }

    @Test func `A success is not repeated`() async throws {
        let value = try await retrying(.seconds(10), 2) { budget in
            .success(recorder.add(budget))
        }
        #expect(value == 1)
    }

    @Test func `A permanent failure is not retried`() async {
        await #expect(throws: Failed.number(1)) {
            try await retrying(.seconds(10), 2) { budget in
                .failure(.number(recorder.add(budget)))
            }
        }
        #expect(recorder.limits.count == 1)
    }

    @Test(arguments: [0, 1, 2])
    func `A transient failure is retried until the retries are used up, and the last failure is thrown`(_ retries: Int)
        async
    {
        await #expect(throws: Failed.number(retries + 1)) {
            try await retrying(.seconds(30), retries) { budget in
                .retry(.number(recorder.add(budget)), after: .milliseconds(1))
            }
        }
        #expect(recorder.limits.count == retries + 1)
    }

    @Test func `A success after failures is returned`() async throws {
        let value = try await retrying(.seconds(30), 2) { budget in
            let number = recorder.add(budget)
            return number == 3 ? .success(number) : .retry(.number(number), after: .milliseconds(1))
        }
        #expect(value == 3)
    }

    @Test func `An attempt gets at most its share of the budget`() async {
        _ = try? await retrying(.seconds(3000), 2) { budget in
            .retry(.number(recorder.add(budget)), after: .milliseconds(1))
        }
        #expect(recorder.limits == [1_000_000, 1_000_000, 1_000_000])
    }

    @Test func `The last attempt gets the rest of the budget if that is less, and at least a millisecond`() async {
        await #expect(throws: Failed.number(2)) {
            try await retrying(.seconds(4), 1, sleeps: true) { budget in
                .retry(.number(recorder.add(budget)), after: .milliseconds(2100))
            }
        }
        #expect(recorder.limits.last.map { (1...1900).contains($0) } == true)
    }

    @Test func `The pause is a random one of 100 to 200 ms, doubled for the second retry`() async {
        _ = try? await retrying(.seconds(30), 2) { budget in
            .retry(.number(recorder.add(budget)), after: nil)
        }
        #expect(recorder.pauses.count == 2)
        #expect((.milliseconds(100)...(.milliseconds(200))).contains(recorder.pauses[0]))
        #expect((.milliseconds(200)...(.milliseconds(400))).contains(recorder.pauses[1]))
    }

    @Test func `The pause is as long as the upstream requests`() async {
        _ = try? await retrying(.seconds(30), 1) { budget in
            .retry(.number(recorder.add(budget)), after: .milliseconds(300))
        }
        #expect(recorder.pauses == [.milliseconds(300)])
    }

    @Test func `A pause that would exceed the budget is not started`() async {
        await #expect(throws: Failed.number(1)) {
            try await retrying(.seconds(20), 2) { budget in
                .retry(.number(recorder.add(budget)), after: .seconds(60))
            }
        }
        #expect(recorder.pauses.isEmpty)
    }

    @Test func `Cancelling ends the pause`() async {
        let (began, continuation) = AsyncStream<Void>.makeStream()
        let task = Task {
            try await retrying(.seconds(1000), 2, sleeps: true) { _ in
                continuation.yield()
                return .retry(.number(1), after: .seconds(500))
            }
        }
        for await _ in began { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `A duration is converted to whole milliseconds`() {
        #expect(Duration.seconds(2).milliseconds == 2000)
        #expect(Duration.microseconds(1999).milliseconds == 1)
        #expect(Duration.zero.milliseconds == 0)
    }

    @Test func `A budget without its reserve ends that much earlier`() {
        let budget = RetryBudget(.seconds(10), retries: 1)
        let polling = budget.reserving(.seconds(3))
        #expect(polling.deadline == budget.deadline - .seconds(3))
        #expect(polling.timeout <= .seconds(5) && budget.reserving(.seconds(9)).timeout <= .seconds(1))
    }
}
