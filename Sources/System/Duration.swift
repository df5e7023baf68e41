extension Duration {
    /// Whole milliseconds, clamped to about three centuries so that a hostile value can't overflow.
    package var milliseconds: Int {
        let seconds = min(max(components.seconds, -10_000_000_000), 10_000_000_000)
        return Int(seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
