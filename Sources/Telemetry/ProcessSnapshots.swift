/// Snapshots of an endpoint's running processes.
package struct ProcessSnapshots: Sendable {
    package var readable: [ScoreboardSnapshot] = []
    /// The process ids of those whose page has another version's layout.
    package var unreadable: [Int] = []
}
