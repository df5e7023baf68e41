import CCurl
import Encoding
import Glibc
import System

/// The callbacks of libcurl, which run on the loop's thread.
extension Transfer {
    func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastByte = .now
        if let sink, status == 200 {
            switch sink.write(bytes) {
            case .count(let count): return count
            case .wait:
                isPaused = true
                return Int(CURL_WRITEFUNC_PAUSE)
            case .failed:
                failure = sink.failure ?? .cancelled
                return 0
            }
        }
        let isError = !(200..<300).contains(status)
        let limit = isError ? min(request.maxResponseBytes, Self.maxErrorBytes) : request.maxResponseBytes
        if bytes.count > limit - responseBody.count {
            // The status of an error response suffices, however long its body is.
            if isError { isTruncated = true } else { failure = .tooLarge }
            return 0
        }
        responseBody += bytes
        return bytes.count
    }

    func appendHeader(_ bytes: UnsafeRawBufferPointer) {
        lastByte = .now
        let line = bytes.prefix { $0 != .carriageReturn && $0 != .newline }
        // Trailers, which follow the body, are ignored.
        if hasAllHeaders { return }
        // A status line begins a new response, which may follow a 1xx response.
        if line.starts(with: "HTTP/".utf8) {
            responseHeaders = []
            if let connectionEnds {
                connections.identify(connectionEnds, isMultiplexed: line.starts(with: "HTTP/2".utf8))
            }
        }
        if line.isEmpty {
            hasAllHeaders = status >= 200
            if isDownload, hasAllHeaders {
                resumeCaller(with: .success(responseSoFar()))
                if status != 200 { unusedSince = .now }
            }
        }
        guard let colon = line.firstIndex(of: .colon) else { return }
        guard responseHeaders.count < Self.maxHeaders else {
            failure = .broken("Too many headers")
            return
        }
        // Whitespace beside a name makes it another one, for libcurl as well (RFC 9112, 5.1).
        let name = String(decoding: line[..<colon], as: UTF8.self)
        let value = text(line[(colon + 1)...])
        // libcurl 7.88 would decompress the body without a limit on what it keeps in memory.
        if name.lowercased() == "transfer-encoding", !["chunked", "identity"].contains(value.lowercased()) {
            failure = .broken("The transfer coding was not requested")
        }
        responseHeaders.append((name, value))
    }

    /// Reads at most as many bytes as were announced, because libcurl would send the surplus too. A body that ends
    /// early aborts the upload, because otherwise both sides would wait for the rest.
    func readBody(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count: Int
        switch request.body {
        case .pipe(let pipe, let total):
            if sentBytes == total { return 0 }
            switch pipe.read(into: .init(rebasing: buffer.prefix(total - sentBytes))) {
            case .count(let read): count = read
            case .wait: return Int(CURL_READFUNC_PAUSE)
            case .failed: return Int(CURL_READFUNC_ABORT)
            }
        case .file(let descriptor, let total):
            if sentBytes == total { return 0 }
            count = pread(descriptor, buffer.baseAddress, min(buffer.count, total - sentBytes), sentBytes)
        case .bytes(let bytes):
            if sentBytes == bodyCount { return 0 }
            count = copy(bytes, to: buffer)
        case .generated(let make):
            if sentBytes == bodyCount { return 0 }
            if sentBytes == 0 { body = make() }
            count = copy(body, to: buffer)
            if sentBytes + count == bodyCount { body = [] }
        case .none: return 0
        }
        guard count > 0 else { return Int(CURL_READFUNC_ABORT) }
        sentBytes += count
        return count
    }

    private func copy(_ bytes: [UInt8], to buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - sentBytes)
        bytes.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[sentBytes..<sentBytes + count])) }
        return count
    }

    /// Whether libcurl may send the request now, on the connection with these ends: once only. It would retry on its
    /// own when a reused connection is reset, but whether a request may be repeated is decided by the code that sends
    /// it.
    func allowSend(between ends: OpenConnections.Ends) -> Bool {
        if hasStartedSending {
            failure = .broken("Connection was reset")
            return false
        }
        let hasDecryptedInput = easy.map { shim_has_decrypted_input($0) != 0 } ?? false
        guard connections.begin(between: ends, opened: openedSockets, hasDecryptedInput: hasDecryptedInput) else {
            if hasNewConnection { failure = .broken("The connection can't be identified") }
            needsNewConnection = !hasNewConnection
            return false
        }
        connectionEnds = ends
        hasStartedSending = true
        // There is a connection, so it doesn't matter that others of the host's addresses were rejected.
        failure = nil
        return true
    }

    /// - Returns: a socket for the address, or -1 to fail the connection.
    func open(_ address: inout curl_sockaddr) -> curl_socket_t {
        if request.onlyPublicAddresses, !withUnsafePointer(to: &address.addr, isPublic) {
            failure = .forbiddenAddress
            return -1
        }
        let descriptor = socket(
            address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
        guard descriptor >= 0 else { return descriptor }
        guard Descriptors.isReserved(descriptor) else {
            openedSockets.append(descriptor)
            return descriptor
        }
        close(descriptor)
        failure = .unreachable(errnoText(EMFILE))
        return -1
    }
}

/// A header's value without surrounding whitespace.
private func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    let value = bytes.drop(while: \.isBlank)
    let end = value.lastIndex { !$0.isBlank }.map { $0 + 1 } ?? value.startIndex
    return String(decoding: value[..<end], as: UTF8.self)
}

func openSocketCallback(
    _ context: UnsafeMutableRawPointer?, _: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let address else { return -1 }
    return Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().open(&address.pointee)
}

func closeSocketCallback(_ context: UnsafeMutableRawPointer?, _ descriptor: curl_socket_t) -> Int32 {
    Unmanaged<OpenConnections>.fromOpaque(context!).takeUnretainedValue().close(descriptor)
}

func prerequestCallback(
    _ context: UnsafeMutableRawPointer?, _ remoteHost: UnsafeMutablePointer<CChar>?,
    _ localHost: UnsafeMutablePointer<CChar>?, _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
    let ends = OpenConnections.Ends(
        local: .init(host: localHost.map { String(cString: $0) } ?? "", port: localPort),
        remote: .init(host: remoteHost.map { String(cString: $0) } ?? "", port: remotePort))
    return Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().allowSend(between: ends)
        ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

func readCallback(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().readBody(
        into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
}

func writeCallback(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().append(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
}

func headerCallback(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let transfer = Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
    transfer.appendHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return transfer.failure == nil ? size * count : 0
}
