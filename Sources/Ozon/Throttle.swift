import Synchronization

/// Spaces a seller's calls after a rate limit. Ozon allows 50 requests a second for a Client-Id over all methods, and 2
/// for some methods. A limit is remembered for a minute, by Client-Id and Api-Key together, so that an invalid key
/// can't slow down the owner of the Client-Id. No call waits longer than that minute. A quota of items isn't
/// remembered, because it limits only one call.
///
/// Holds a hash of the credential, not the credential.
final class Throttle: Sendable {
    struct Reservation: Equatable {
        let wait: Duration
        /// The wait is longer than the call may take. The call must not be sent, and nothing was reserved.
        let exceedsLimit: Bool
    }

    /// The time slots of one credential.
    private struct Schedule {
        var next: ContinuousClock.Instant
        let interval: Duration
        let end: ContinuousClock.Instant
    }

    /// The calls per second after a rate limit, if Ozon's message names no rate.
    private static let defaultRate = 10
    private static let maxWait = Duration.seconds(60)
    private static let maxSchedules = 10_000
    private let schedules = Mutex<[Int: Schedule]>([:])

    /// Reserves the credential's next time slot, unless its wait exceeds the limit.
    func reserve(_ credential: Credential, within limit: Duration) -> Reservation {
        let now = ContinuousClock.now
        let key = Self.key(credential)
        return schedules.withLock { schedules in
            guard var schedule = schedules[key], max(schedule.end, schedule.next) > now else {
                schedules[key] = nil
                return Reservation(wait: .zero, exceedsLimit: false)
            }
            let slot = max(now, schedule.next)
            let wait = now.duration(to: slot)
            if wait >= limit || wait > Self.maxWait {
                return Reservation(wait: min(wait, Self.maxWait), exceedsLimit: true)
            }
            schedule.next = slot + schedule.interval
            schedules[key] = schedule
            return Reservation(wait: wait, exceedsLimit: false)
        }
    }

    /// - Parameter rate: the calls per second in Ozon's message; nil if it names none.
    /// - Parameter wait: the time until the next call.
    func limit(_ credential: Credential, rate: Int?, after wait: Duration) {
        let now = ContinuousClock.now
        let interval = Duration.seconds(1) / max(rate ?? Self.defaultRate, 1)
        let schedule = Schedule(next: now + min(wait, Self.maxWait), interval: interval, end: now + Self.maxWait)
        schedules.withLock { schedules in
            if schedules.count > Self.maxSchedules { schedules = schedules.filter { $0.value.end > now } }
            if schedules.count > Self.maxSchedules { schedules = [:] }
            schedules[Self.key(credential)] = schedule
        }
    }

    private static func key(_ credential: Credential) -> Int {
        var hasher = Hasher()
        hasher.combine(credential.clientID)
        hasher.combine(credential.apiKey)
        return hasher.finalize()
    }
}
