/// Why a text is not an allowed object key.
package enum KeyRefusal: Error, Sendable, Equatable {
    /// `contains an empty segment`
    case invalid(String)
    /// - Parameter path: the key in NFC.
    case notAllowed(path: String)

    /// A message for people.
    package var reason: String {
        switch self {
        case .invalid(let reason): "Invalid path: \(reason)"
        case .notAllowed: "Path not allowed"
        }
    }
}
