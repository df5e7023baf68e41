import CCurl
import System
import Glibc
import Encoding

/// What libcurl calls a transfer for, on the loop's thread.
extension Transfer {
    func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastByte = .now
        if let sink, status == 200 {
            answer(.success(replySoFar()))
            switch sink.write(bytes) {
            case .count(let count): return count
            case .wait:
                isPaused = true
                return Int(CURL_WRITEFUNC_PAUSE)
            case .failed:
                refusal = sink.failure ?? .cancelled
                return 0
            }
        }
        let isFailure = !(200..<300).contains(status)
        let room = (isFailure ? min(call.maxReplyBytes, Self.maxFailureBytes) : call.maxReplyBytes) - reply.count
        if bytes.count > room {
            // A failure is known by its status, however long its page is.
            if isFailure { isCutShort = true } else { refusal = .tooLarge }
            return 0
        }
        reply += bytes
        return bytes.count
    }

    func appendHeader(_ bytes: UnsafeRawBufferPointer) {
        let line = bytes.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        // A status line begins another response: of a 1xx, or the final one.
        if line.starts(with: "HTTP/".utf8) { (headers, hasWholeHead) = ([], false) }
        if line.isEmpty {
            hasWholeHead = true
            // The caller of a download wants no page of an error: its head is the reply.
            if isDownload, status >= 201 { answer(.success(replySoFar())) }
        }
        guard headers.count < 200, let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        headers.append((text(line[..<colon]), text(line[(colon + 1)...])))
    }

    /// Never more than the body's count, which libcurl would send as well; less breaks the upload off, else both sides
    /// would wait for the rest.
    func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let given: Int
        switch call.body {
        case .pipe(let pipe, let count):
            if sent == count { return 0 }
            switch pipe.read(into: .init(rebasing: buffer.prefix(count - sent))) {
            case .count(let count): given = count
            case .wait: return Int(CURL_READFUNC_PAUSE)
            case .failed: return Int(CURL_READFUNC_ABORT)
            }
        case .file(let descriptor, let count):
            if sent == count { return 0 }
            given = pread(descriptor, buffer.baseAddress, min(buffer.count, count - sent), sent)
        case .bytes(let bytes):
            if sent == bodyCount { return 0 }
            given = copy(bytes, to: buffer)
        case .made(let make):
            if sent == bodyCount { return 0 }
            if sent == 0 { body = make() }
            given = copy(body, to: buffer)
            if sent + given == bodyCount { body = [] }
        case .none: return 0
        }
        guard given > 0 else { return Int(CURL_READFUNC_ABORT) }
        sent += given
        return given
    }

    private func copy(_ bytes: [UInt8], to buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - sent)
        bytes.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[sent..<sent + count])) }
        return count
    }

    /// libcurl sends a request again by itself when a connection used before is reset. Repeating is the caller's: no.
    func maySend() -> Bool {
        defer { isSent = true }
        if isSent { refusal = .broken("Connection was reset") }
        return !isSent
    }

    /// The socket for an address; -1: none.
    func open(_ address: inout curl_sockaddr) -> curl_socket_t {
        if call.onlyPublicAddresses, !withUnsafePointer(to: &address.addr, isPublic) {
            refusal = .forbiddenAddress
            return -1
        }
        let descriptor = socket(
            address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
        guard descriptor >= 0, Descriptors.isReserved(descriptor) else { return descriptor }
        close(descriptor)
        refusal = .unreachable(String(cString: strerror(EMFILE)))
        return -1
    }
}

/// Without blanks at either end.
private func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    let value = bytes.drop(while: isBlank)
    let end = value.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? value.startIndex
    return String(decoding: value[..<end], as: UTF8.self)
}

func openSocket(
    _ context: UnsafeMutableRawPointer?, _: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let address else { return -1 }
    return Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().open(&address.pointee)
}

func sendOnce(
    _ context: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<CChar>?, _: UnsafeMutablePointer<CChar>?, _: Int32,
    _: Int32
) -> Int32 {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().maySend()
        ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

func giveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().give(
        UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
}

func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().append(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
}

func takeHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().appendHeader(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}
