import Glibc
import HTTP

/// The process's settings, read whole at the start from environment variables; every fault is collected, so that one
/// start names all that is wrong. An empty value counts as none. A reader answers nil where there is a fault.
package struct Settings {
    private let environment: (String) -> String?
    package private(set) var faults: [String] = []

    package init(environment: @escaping (String) -> String?) {
        self.environment = environment
    }

    package static func process() -> Settings {
        Settings { name in getenv(name).map { String(cString: $0) } }
    }

    package mutating func fail(_ name: String, _ reason: String) {
        faults.append("\(name): \(reason)")
    }

    package func optional(_ name: String) -> String? {
        environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Present even if empty.
    package func raw(_ name: String) -> String? {
        environment(name)
    }

    package mutating func required(_ name: String) -> String? {
        if let value = optional(name) { return value }
        fail(name, "is missing")
        return nil
    }

    package mutating func integer(_ name: String, default value: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = optional(name) else { return value }
        guard let number = Int(text), range.contains(number) else {
            fail(name, "must be a whole number between \(range.lowerBound) and \(range.upperBound)")
            return value
        }
        return number
    }

    package mutating func bool(_ name: String, default value: Bool) -> Bool {
        switch optional(name) {
        case nil: return value
        case "true": return true
        case "false": return false
        default:
            fail(name, "must be true or false")
            return value
        }
    }

    /// `NAME`, or the contents of the file that `NAME_FILE` names, without its trailing newline.
    package mutating func secret(_ name: String) -> String? {
        guard let path = optional("\(name)_FILE") else { return required(name) }
        if optional(name) != nil { fail(name, "is given twice: also as \(name)_FILE") }
        guard var bytes = contents(of: path) else {
            fail("\(name)_FILE", "cannot be read: \(String(cString: strerror(errno)))")
            return nil
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        if bytes.isEmpty {
            fail("\(name)_FILE", "is empty")
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    package func hasSecret(_ name: String) -> Bool {
        optional(name) != nil || optional("\(name)_FILE") != nil
    }

    /// Entries between commas, blanks around them cut.
    package func list(_ name: String) -> [String]? {
        raw(name).map(split)
    }

    /// `https://host[:port]`, or http for loopback; no path, no query. nil with a fault.
    package mutating func origin(_ name: String, default value: String? = nil) -> Origin? {
        guard let text = optional(name) ?? value ?? required(name) else { return nil }
        do throws(Origin.Invalid) {
            return try Origin(text)
        } catch {
            fail(name, error.reason)
            return nil
        }
    }
}

/// `https://host[:port]`, lower case, the scheme's own port left out.
package struct Origin: Sendable {
    package let url: String
    /// With its port, if any: the `host` header.
    package let host: String

    package struct Invalid: Error {
        package let reason: String
    }

    package init(_ text: String) throws(Invalid) {
        let parts = text.lowercased().split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "https" || parts[0] == "http" else {
            throw Invalid(reason: "must begin with https://")
        }
        var host = parts[1]
        if host.utf8.last == UInt8(ascii: "/") { host.removeLast() }
        guard !host.utf8.contains(UInt8(ascii: "/")) else {
            throw Invalid(reason: "must be scheme and host alone, without a path")
        }
        guard let (name, port) = hostAndPort(host) else { throw Invalid(reason: "has no valid host") }
        guard parts[0] == "https" || isLoopback(name) else {
            throw Invalid(reason: "must be https (http is for loopback only)")
        }
        let own = parts[0] == "https" ? 443 : 80
        self.host = port == nil || port == own ? name : "\(name):\(port!)"
        url = "\(parts[0])://\(self.host)"
    }
}

private func hostAndPort(_ text: Substring) -> (name: String, port: Int?)? {
    let bracketed = text.utf8.first == UInt8(ascii: "[")
    let end = bracketed ? text.utf8.firstIndex(of: UInt8(ascii: "]")).map { text.utf8.index(after: $0) } : nil
    let nameEnd = end ?? text.utf8.firstIndex(of: UInt8(ascii: ":")) ?? text.utf8.endIndex
    let name = text[..<nameEnd]
    let rest = text[nameEnd...]
    let inside = bracketed ? name.dropFirst().dropLast() : name
    guard !inside.isEmpty, inside.utf8.allSatisfy({ isHostByte($0) || (bracketed && $0 == UInt8(ascii: ":")) }) else {
        return nil
    }
    if rest.isEmpty { return (String(name), nil) }
    guard rest.utf8.first == UInt8(ascii: ":"), let port = positiveInteger(String(rest.dropFirst())), port < 65_536
    else { return nil }
    return (String(name), port)
}

private func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
        UInt8(ascii: "."), UInt8(ascii: "_"):
        true
    default: false
    }
}

private func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "[::1]" || host.utf8.starts(with: "127.".utf8) && isAddress(host)
}

private func isAddress(_ host: String) -> Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
}

func split(_ text: String) -> [String] {
    text.split(separator: ",").map { part in
        var bytes = Substring(part).utf8
        while bytes.first == UInt8(ascii: " ") { bytes.removeFirst() }
        while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
        return String(Substring(bytes))
    }.filter { !$0.isEmpty }
}

/// A small file's bytes; nil with errno.
func contents(of path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while bytes.count < 16 << 20 {
        let count = read(file, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        if count < 0 { return nil }
        if count == 0 { break }
        bytes += buffer[..<count]
    }
    return bytes
}
