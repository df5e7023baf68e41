struct ProcessSnapshots: Sendable {
    var readable: [ScoreboardSnapshot] = []
    /// The process ids of processes of another version, whose pages have another layout.
    var unreadable: [Int] = []
}
