import Foundation

/// A directory that is removed with this value, or else after the tests have ended, whatever ended them.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        // Short, because a Unix-domain socket's path may have at most 107 bytes.
        path = "\(try parent.get())/\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The names of its entries, sorted.
    package var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    package func read(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }

    package func write(_ name: String, _ text: String) throws {
        try text.write(toFile: file(name), atomically: false, encoding: .utf8)
    }
}

/// Contains all of them. When it is removed, processes that an interrupted test has left are ended too: their arguments
/// contain its path.
private let parent = Result {
    var template = Array("\(FileManager.default.temporaryDirectory.path)/ozon-r2-XXXXXX".utf8CString)
    guard let path = mkdtemp(&template).map({ String(cString: $0) }) else { throw SocketError("mkdtemp") }
    // Other users may run executables in it.
    chmod(path, 0o711)
    let script = """
        pkill -f -- "$1/"
        for _ in {1..50}; do pgrep -f -- "$1/" >/dev/null || break; sleep 0.1; done
        pkill -KILL -f -- "$1/"
        rm -rf "$1"
        """
    try afterExit(script, [path])
    return path
}
