import Glibc

/// What a socket has received, without taking it. It keeps a worker from blocking in libfcgi because of an edge that is
/// older than its last read, and lets another worker take over before it waits for the rest of a request.
enum Preview {
    case nothing
    /// The peer has closed the connection, and nothing is left to read.
    case closed
    /// A request to the end of its FCGI_STDIN stream.
    case wholeRequest
    case partOfRequest

    /// As much as libfcgi reads at once: a request that is whole here costs it a single read.
    private static let room = 8192

    init(_ descriptor: Int32) {
        self = withUnsafeTemporaryAllocation(byteCount: Self.room, alignment: 1) { buffer in
            let flags = Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)
            let count = recv(descriptor, buffer.baseAddress!, Self.room, flags)
            if count > 0 { return Preview(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            return count < 0 && errno == EAGAIN ? .nothing : .closed
        }
    }

    /// Walks the records' headers (FastCGI 1.0, section 3.3): version, type, request id (2 bytes), content length (2),
    /// padding length, reserved.
    init(_ bytes: UnsafeRawBufferPointer) {
        let endOfStdin: UInt8 = 5
        var start = 0
        while start + 8 <= bytes.count {
            let length = Int(bytes[start + 4]) << 8 | Int(bytes[start + 5])
            let isOfFirst = bytes[start + 2] == bytes[2] && bytes[start + 3] == bytes[3]
            if bytes[start + 1] == endOfStdin, length == 0, isOfFirst {
                self = .wholeRequest
                return
            }
            start += 8 + length + Int(bytes[start + 6])
        }
        self = .partOfRequest
    }
}
