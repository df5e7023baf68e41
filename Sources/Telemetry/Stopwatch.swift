/// Measures the time during which at least one of several overlapping activities runs. Times are passed and kept
/// in nanoseconds of `MonotonicClock`.
struct Stopwatch {
    private var active = 0
    private var startedAt = 0
    private var total = 0

    mutating func start(_ now: Int) {
        if active == 0 { startedAt = now }
        active += 1
    }

    mutating func stop(_ now: Int) {
        active -= 1
        if active == 0 { total += now - startedAt }
    }

    /// Includes the activity in progress.
    func milliseconds(_ now: Int) -> Int {
        (total + (active > 0 ? now - startedAt : 0)) / 1_000_000
    }
}
