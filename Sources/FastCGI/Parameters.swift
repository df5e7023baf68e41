import Glibc

/// CGI meta-variables (RFC 3875) as `NAME=VALUE`, looked up by exact name. Values are bytes, because nothing guarantees
/// that a peer sends UTF-8.
package struct Parameters: Sendable {
    /// The lines, each preceded by its length in four bytes: one allocation for all of them.
    private var bytes: [UInt8] = []

    /// - Parameter environment: an array of strings, terminated by a null pointer (environ(7)).
    package init(_ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>) {
        var next = environment
        bytes.reserveCapacity(1024)
        while let line = next.pointee {
            append(UnsafeRawBufferPointer(start: line, count: strlen(line)))
            next += 1
        }
    }

    package init(_ pairs: [(String, String)]) {
        for (name, value) in pairs { Array("\(name)=\(value)".utf8).withUnsafeBytes { append($0) } }
    }

    private mutating func append(_ line: UnsafeRawBufferPointer) {
        withUnsafeBytes(of: UInt32(line.count)) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: line)
    }

    /// The first parameter of that name.
    package subscript(name: StaticString) -> String? {
        var found: String?
        forEach(name) { value in
            found = String(decoding: value, as: UTF8.self)
            return false
        }
        return found
    }

    /// All parameters of that name, in order: a header that is sent twice arrives twice.
    package func all(_ name: StaticString) -> [[UInt8]] {
        var found: [[UInt8]] = []
        forEach(name) { value in
            found.append(Array(value))
            return true
        }
        return found
    }

    /// - Parameter body: returns whether to continue.
    private func forEach(_ name: StaticString, _ body: (UnsafeRawBufferPointer) -> Bool) {
        bytes.withUnsafeBytes { all in
            var start = 0
            let length = name.utf8CodeUnitCount
            while start < all.count {
                let size = Int(all.loadUnaligned(fromByteOffset: start, as: UInt32.self))
                start += 4
                if size > length, all[start + length] == UInt8(ascii: "="),
                    memcmp(all.baseAddress! + start, name.utf8Start, length) == 0,
                    !body(UnsafeRawBufferPointer(rebasing: all[start + length + 1..<start + size]))
                {
                    return
                }
                start += size
            }
        }
    }
}
