import Foundation

/// A directory that is removed with this value.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        // Short, because a Unix-domain socket's path may have at most 107 bytes.
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent("ozon-r2-\(UUID().uuidString.prefix(8))").path
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
