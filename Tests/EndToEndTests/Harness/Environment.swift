import Foundation

/// True if the tests that take minutes run too (`deploy/test --long`).
let runsLongTests = ProcessInfo.processInfo.environment["LONG"] == "1"

/// True if tests that need root can run.
let isRoot = geteuid() == 0

/// The root of the repository.
let repository = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }.path

func executable(_ endpoint: Endpoint) -> String {
    "\(ProcessInfo.processInfo.environment["BIN"] ?? "\(repository)/.build/release")/\(endpoint)"
}
