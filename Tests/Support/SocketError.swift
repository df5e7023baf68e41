import Foundation

/// A system call on a socket failed.
package struct SocketError: Error, CustomStringConvertible {
    package let description: String

    /// Reads errno.
    package init(_ call: String) { description = "\(call): \(String(cString: strerror(errno)))" }
}
