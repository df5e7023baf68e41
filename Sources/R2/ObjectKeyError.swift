/// Why a string is not an allowed object key.
package enum ObjectKeyError: Error, Sendable, Equatable {
    /// `contains an empty segment`
    case invalid(String)
    /// - Parameter path: the key in NFC.
    case notAllowed(path: String)

    /// A human-readable message.
    package var reason: String {
        switch self {
        case .invalid(let reason): "Invalid path: \(reason)"
        case .notAllowed: "Path not allowed"
        }
    }
}
