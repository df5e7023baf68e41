/// The layout of a histogram in the scoreboard: one count for each bucket, the last of them unbounded, and then the sum
/// of all durations in nanoseconds.
enum Histogram {
    /// The buckets' upper bounds: in seconds, as they are written, and in nanoseconds.
    static let bounds: [(seconds: String, nanoseconds: Int)] = [
        ("0.0001", 100_000), ("0.001", 1_000_000), ("0.005", 5_000_000), ("0.01", 10_000_000), ("0.05", 50_000_000),
        ("0.1", 100_000_000), ("0.25", 250_000_000), ("0.5", 500_000_000), ("1.0", 1_000_000_000),
        ("2.5", 2_500_000_000), ("5.0", 5_000_000_000), ("10.0", 10_000_000_000), ("30.0", 30_000_000_000),
        ("60.0", 60_000_000_000),
    ]
    static let labels = bounds.map(\.seconds) + ["+Inf"]
    /// The word that holds the sum.
    static let sum = bounds.count + 1
    static let words = sum + 1

    static func bucket(_ nanoseconds: Int) -> Int {
        bounds.firstIndex { nanoseconds <= $0.nanoseconds } ?? bounds.count
    }
}
