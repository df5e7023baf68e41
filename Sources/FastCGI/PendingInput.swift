import Glibc

/// The bytes that a socket has received, inspected without reading them. This keeps a worker from blocking in libfcgi
/// on an event that predates its last read, and lets another worker take over before it waits for the rest of a
/// request.
enum PendingInput {
    case nothing
    /// The peer has closed the connection, and nothing is left to read.
    case closed
    /// A request up to the end of its FCGI_STDIN stream.
    case wholeRequest
    case partOfRequest

    /// The size of libfcgi's read buffer: a whole request of up to this size costs libfcgi a single read.
    private static let maxBytes = 8192
    private static let recordHeaderBytes = 8
    private static let stdinType: UInt8 = 5

    init(_ descriptor: Int32) {
        self = withUnsafeTemporaryAllocation(byteCount: Self.maxBytes, alignment: 1) { buffer in
            let flags = Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)
            let count = recv(descriptor, buffer.baseAddress!, buffer.count, flags)
            if count > 0 { return PendingInput(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            return count < 0 && errno == EAGAIN ? .nothing : .closed
        }
    }

    /// Walks the headers of the records (FastCGI 1.0, section 3.3): version, type, request id (2 bytes), content length
    /// (2 bytes), padding length, reserved.
    init(_ bytes: UnsafeRawBufferPointer) {
        var start = 0
        while start + Self.recordHeaderBytes <= bytes.count {
            let length = Int(bytes[start + 4]) << 8 | Int(bytes[start + 5])
            let isOfFirstRequest = bytes[start + 2] == bytes[2] && bytes[start + 3] == bytes[3]
            if bytes[start + 1] == Self.stdinType, length == 0, isOfFirstRequest {
                self = .wholeRequest
                return
            }
            start += Self.recordHeaderBytes + length + Int(bytes[start + 6])
        }
        self = .partOfRequest
    }
}
