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

    func add(_ retry: Retry) -> Int {
        attempts.withLock {
            $0.append((.now, retry.timeout.milliseconds))
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
    _ budget: Duration, _ retries: Int, _ attempt: (Retry) async -> Retry.Attempt<Int, Failed>
) async throws -> Int {
    let retry = Retry(budget: budget, retries: retries)
    return try await retry { _ in await attempt(retry) }
}

@Suite(.timeLimit(.minutes(1)))
struct RetryTests {
    private let record = Record()

    @Test func `A success is not repeated`() async throws {
        let value = try await retrying(.seconds(10), 2) { retry in
            .success(record.add(retry))
        }
        #expect(value == 1)
    }

    @Test func `A permanent failure is not retried`() async {
        await #expect(throws: Failed.number(1)) {
            try await retrying(.seconds(10), 2) { retry in
                .failure(.number(record.add(retry)))
            }
        }
        #expect(record.count == 1)
    }

    @Test(arguments: [0, 1, 2])
    func `A transient failure is retried until the retries are used up, and the last failure is thrown`(_ retries: Int) async
    {
        await #expect(throws: Failed.number(retries + 1)) {
            try await retrying(.seconds(30), retries) { retry in
                .retry(.number(record.add(retry)), after: .milliseconds(1))
            }
        }
        #expect(record.count == retries + 1)
    }

    @Test func `A success after failures is returned`() async throws {
        let value = try await retrying(.seconds(30), 2) { retry in
            let number = record.add(retry)
            return number == 3 ? .success(number) : .retry(.number(number), after: .milliseconds(1))
        }
        #expect(value == 3)
    }

    @Test func `An attempt gets at most its share of the budget`() async {
        _ = try? await retrying(.seconds(3), 2) { retry in
            .retry(.number(record.add(retry)), after: .milliseconds(1))
        }
        #expect(record.milliseconds.count == 3)
        #expect(record.milliseconds.allSatisfy { (900...1000).contains($0) })
    }

    @Test func `The last attempt gets the rest of the budget if that is less, and at least a millisecond`() async {
        _ = try? await retrying(.milliseconds(600), 1) { retry in
            .retry(.number(record.add(retry)), after: .milliseconds(450))
        }
        #expect(record.milliseconds.count == 2)
        #expect(record.milliseconds.last.map { (1...150).contains($0) } == true)
    }

    @Test func `The pause doubles and is at least half of 200 and of 400 ms`() async {
        _ = try? await retrying(.seconds(30), 2) { retry in
            .retry(.number(record.add(retry)), after: nil)
        }
        #expect(record.gaps.count == 2)
        #expect(record.gaps[0] >= .milliseconds(100))
        #expect(record.gaps[1] >= .milliseconds(200))
    }

    @Test func `The pause is as long as the upstream requests`() async {
        _ = try? await retrying(.seconds(30), 1) { retry in
            .retry(.number(record.add(retry)), after: .milliseconds(300))
        }
        #expect(record.gaps.count == 1)
        #expect(record.gaps[0] >= .milliseconds(300))
    }

    @Test func `A pause that would exceed the budget is not started`() async {
        let start = ContinuousClock.now
        await #expect(throws: Failed.number(1)) {
            try await retrying(.seconds(20), 2) { retry in
                .retry(.number(record.add(retry)), after: .seconds(60))
            }
        }
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func `Cancelling ends the pause`() async {
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

    @Test func `A duration is converted to whole milliseconds`() {
        #expect(Duration.seconds(2).milliseconds == 2000)
        #expect(Duration.microseconds(1999).milliseconds == 1)
        #expect(Duration.zero.milliseconds == 0)
    }
}
