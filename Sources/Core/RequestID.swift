import Encoding
import FastCGI

/// The id of a request in its response and in the log: nginx's `$request_id`, if it is 1…64 of `[A-Za-z0-9-]`, or else
/// a random one.
func requestID(_ parameters: Parameters) -> String {
    if let given = parameters["REQUEST_ID"], (1...64).contains(given.utf8.count), isPlain(given) {
        return given
    }
    return String(hex: (0..<16).map { _ in UInt8.random(in: 0...255) })
}

private func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0.isASCIIAlphanumeric || $0 == .hyphen }
}
