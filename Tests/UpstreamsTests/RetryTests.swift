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
    func add(_ retry: Retry) -> Int {
        state.withLock {
            $0.limits.append(retry.timeout.milliseconds)
            return $0.limits.count
        }
    }

    func addPause(_ pause: Duration) async throws { state.withLock { $0.pauses.append(pause) } }

    var limits: [Int] { state.withLock(\.limits) }
    var pauses: [Duration] { state.withLock(\.pauses) }
}

@Suite(.timeLimit(.minutes(1)))
struct RetryTests {
    private let recorder = Recorder()

    /// - Parameter sleeps: false if the pauses are only recorded.
    private func retrying(
        _ budget: Duration, _ retries: Int, sleeps: Bool = false,
        _ attempt: (Retry) async -> Retry.Attempt<Int, Failed>
    ) async throws -> Int {
        let retry = Retry(budget: budget, retries: retries)
        if sleeps { return try await retry { _ in await attempt(retry) } }
        return try await retry(pause: recorder.addPause) { _ in await attempt(retry) }
    }

    @Test func `A success is not repeated`() async throws {
        let value = try await retrying(.seconds(10), 2) { retry in
            .success(recorder.add(retry))
        }
        #expect(value == 1)
    }

    @Test func `A permanent failure is not retried`() async {
        await #expect(throws: Failed.number(1)) {
            try await retrying(.seconds(10), 2) { retry in
                .failure(.number(recorder.add(retry)))
            }
        }
        #expect(recorder.limits.count == 1)
    }

    @Test(arguments: [0, 1, 2])
    func `A transient failure is retried until the retries are used up, and the last failure is thrown`(_ retries: Int)
        async
    {
        await #expect(throws: Failed.number(retries + 1)) {
            try await retrying(.seconds(30), retries) { retry in
                .retry(.number(recorder.add(retry)), after: .milliseconds(1))
            }
        }
        #expect(recorder.limits.count == retries + 1)
    }

    @Test func `A success after failures is returned`() async throws {
        let value = try await retrying(.seconds(30), 2) { retry in
            let number = recorder.add(retry)
            return number == 3 ? .success(number) : .retry(.number(number), after: .milliseconds(1))
        }
        #expect(value == 3)
    }

    @Test func `An attempt gets at most its share of the budget`() async {
        _ = try? await retrying(.seconds(3), 2) { retry in
            .retry(.number(recorder.add(retry)), after: .milliseconds(1))
        }
        #expect(recorder.limits.count == 3)
        #expect(recorder.limits.allSatisfy { (900...1000).contains($0) })
    }

    @Test func `The last attempt gets the rest of the budget if that is less, and at least a millisecond`() async {
        await #expect(throws: Failed.number(2)) {
            try await retrying(.seconds(4), 1, sleeps: true) { retry in
                .retry(.number(recorder.add(retry)), after: .milliseconds(2100))
            }
        }
        #expect(recorder.limits.last.map { (1...1900).contains($0) } == true)
    }

    @Test func `The pause is a random one of 100 to 200 ms, doubled for the second retry`() async {
        _ = try? await retrying(.seconds(30), 2) { retry in
            .retry(.number(recorder.add(retry)), after: nil)
        }
        #expect(recorder.pauses.count == 2)
        #expect((.milliseconds(100)...(.milliseconds(200))).contains(recorder.pauses[0]))
        #expect((.milliseconds(200)...(.milliseconds(400))).contains(recorder.pauses[1]))
    }

    @Test func `The pause is as long as the upstream requests`() async {
        _ = try? await retrying(.seconds(30), 1) { retry in
            .retry(.number(recorder.add(retry)), after: .milliseconds(300))
        }
        #expect(recorder.pauses == [.milliseconds(300)])
    }

    @Test func `A pause that would exceed the budget is not started`() async {
        await #expect(throws: Failed.number(1)) {
            try await retrying(.seconds(20), 2) { retry in
                .retry(.number(recorder.add(retry)), after: .seconds(60))
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
}
