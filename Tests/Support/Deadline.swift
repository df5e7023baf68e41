import Foundation

/// A condition was not met before its deadline.
package struct TimedOut: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Evaluates the condition until it returns a value. Throws ``TimedOut`` after `seconds`.
@discardableResult
package func eventually<Value>(
    _ description: String, within seconds: Double = 30, _ condition: () throws -> Value?
) throws -> Value {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while true {
        if let value = try condition() { return value }
        if Date() > deadline { throw TimedOut("not within \(seconds) s: \(description)") }
        usleep(20_000)
    }
}

/// Evaluates the condition until it is true.
package func eventually(_ description: String, within seconds: Double = 30, _ condition: () throws -> Bool) throws {
    try eventually(description, within: seconds) { try condition() ? () : nil }
}

/// The shortest of the times that the body takes, in seconds: for a duration that has a limit, on a machine that may
/// stall. A stall spoils one attempt and a fault spoils all of them.
/// - Parameter limit: a time below it ends the attempts.
package func leastElapsedSeconds(
    under limit: Double, attempts: Int = 4, _ body: () throws -> Void
) rethrows -> Double {
    var least = Double.infinity
    for _ in 0..<attempts where least >= limit { least = min(least, try elapsedSeconds(body)) }
    return least
}

/// The wall-clock time that the body takes, in seconds.
package func elapsedSeconds(_ body: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
}
