import Foundation

/// What was waited for did not come.
struct TooLate: Error, CustomStringConvertible {
    let description: String
}

/// Asks until there is an answer. Nothing here waits for a time: only for a condition, and at most so long.
@discardableResult
func eventually<Value>(
    _ what: String, within seconds: Double = 10, _ condition: () throws -> Value?
) throws -> Value {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while true {
        if let value = try condition() { return value }
        if Date() > deadline { throw TooLate(description: "not within \(seconds) s: \(what)") }
        usleep(5000)
    }
}

func eventually(_ what: String, within seconds: Double = 10, _ condition: () throws -> Bool) throws {
    try eventually(what, within: seconds) { try condition() ? () : nil }
}

/// How long something took.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
}

/// Whether the tests that take long are wanted too (deploy/test --long).
let isLong = ProcessInfo.processInfo.environment["LONG"] == "1"
