/// Snapshots of an endpoint's running processes.
package struct ProcessSnapshots: Sendable {
    package var readable: [ScoreboardSnapshot] = []
    /// The process ids of processes of another version, whose pages have another layout.
    package var unreadable: [Int] = []
}
