import Glibc
import Synchronization

/// One request, copied out of libfcgi (whose strings die when the request is finished) or out of a CGI environment.
package struct Request: Sendable {
    package let parameters: Parameters
    private let holder: BodyHolder

    package enum Body: Sendable {
        case bytes([UInt8])
        /// Longer than the server's `maxBodyBytes`; read and thrown away.
        case tooLarge
        /// It ended elsewhere than CONTENT_LENGTH says.
        case incomplete
    }

    package init(parameters: Parameters, body: Body) {
        self.parameters = parameters
        holder = BodyHolder(body)
    }

    /// Hands the body over: a request that runs for long, held by its task all the while, then holds no body.
    /// - Returns: `.incomplete` if it was taken before.
    package func takeBody() -> Body {
        holder.body.withLock { body in
            defer { body = .incomplete }
            return body
        }
    }
}

private final class BodyHolder: Sendable {
    let body: Mutex<Request.Body>

    init(_ body: Request.Body) {
        self.body = Mutex(body)
    }
}

/// CGI meta-variables (RFC 3875) as `NAME=VALUE`, looked up by exact name. Values are bytes: a peer promises no UTF-8.
package struct Parameters: Sendable {
    /// Each line behind its length in four bytes: one allocation for all of them.
    private var bytes: [UInt8] = []

    /// - Parameter environment: as environ(7), ended by a null pointer.
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

    /// Every parameter of that name, in order: a header sent twice arrives twice.
    package func all(_ name: StaticString) -> [[UInt8]] {
        var found: [[UInt8]] = []
        forEach(name) { value in
            found.append(Array(value))
            return true
        }
        return found
    }

    /// - Parameter body: false: no more are wanted.
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
