import Glibc

/// Time that never goes backwards (CLOCK_MONOTONIC), from an arbitrary start.
package enum MonotonicClock {
    package static func nanoseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int(now.tv_sec) * 1_000_000_000 + Int(now.tv_nsec)
    }

    package static func milliseconds() -> Int { nanoseconds() / 1_000_000 }
}
