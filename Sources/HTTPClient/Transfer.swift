import CCurl
import Descriptors
import Glibc
import HTTP
import Synchronization

/// One call under way: the easy handle and all that libcurl keeps pointers to, which lives until the handle is removed.
/// After `add` only the loop's thread touches it, but for `isCancelled`.
final class Transfer: @unchecked Sendable {
    typealias Result = Swift.Result<HTTPClient.Reply, TransferError>

    var continuation: CheckedContinuation<Result, Never>?
    let isCancelled = Atomic<Bool>(false)

    /// When the loop ends the transfer, whatever libcurl does. Waiting for the loop counts too.
    let deadline: ContinuousClock.Instant

    private let call: HTTPClient.Call
    /// Where the body of a reply with status 200 goes; nil: into the reply.
    private let sink: Pipe?
    private(set) var easy: OpaquePointer?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    /// libcurl copies no POSTFIELDS.
    private let body: UnsafeMutableBufferPointer<CChar>
    private var headers: [(name: String, value: String)] = []
    private var reply: [UInt8] = []
    private var sent = 0
    private var hasWholeHead = false
    private var refusal: TransferError?
    private var isSent = false
    private var lastByte = ContinuousClock.now
    private var isPaused = false

    static let patience = Duration.seconds(10)

    var isDownload: Bool { sink != nil }

    /// A download to which nothing has come for 10 s, though it would have been taken. (libcurl's own low-speed limit looks at
    /// an average, which takes some seconds more to fall.)
    var isStalled: Bool { isDownload && !isPaused && lastByte.duration(to: .now) > Self.patience }

    func resume() {
        guard let easy else { return }
        (isPaused, lastByte) = (false, .now)
        // Hands over what waits at once, which may pause it again.
        _ = curl_easy_pause(UnsafeMutableRawPointer(easy), CURLPAUSE_CONT)
    }

    init(_ call: HTTPClient.Call, sink: Pipe?) {
        self.call = call
        self.sink = sink
        deadline = .now + .milliseconds(call.timeout)
        if case .bytes(let bytes) = call.body {
            body = .allocate(capacity: bytes.count)
            _ = body.initialize(from: bytes.lazy.map { CChar(bitPattern: $0) })
        } else {
            body = .allocate(capacity: 0)
        }
    }

    deinit {
        body.deallocate()
    }

    /// The pipes at either end wake this transfer through the loop.
    func attach(_ loop: TransferLoop) {
        sink?.onWriterWake { [weak self] in self.map(loop.resume) }
        sink?.onClose { [weak self] in self.map(loop.cancel) }
        if case .pipe(let pipe, _) = call.body { pipe.onReaderWake { [weak self] in self.map(loop.resume) } }
    }

    /// Makes the easy handle; nil if libcurl has no memory for it.
    func prepare(_ options: HTTPClient.Options) -> OpaquePointer? {
        guard let easy = curl_easy_init() else { return nil }
        lastByte = .now
        self.easy = OpaquePointer(easy)
        let this = Unmanaged.passUnretained(self).toOpaque()
        for line in call.headers { headerList = curl_slist_append(headerList, "\(line.name): \(line.value)") }
        headerList = curl_slist_append(headerList, "Expect:")
        // libcurl would call a POST's body a form.
        if !call.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headerList = curl_slist_append(headerList, "Content-Type:")
        }
        check(shim_set_text(easy, CURLOPT_URL, call.url))
        check(shim_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        check(shim_set_text(easy, CURLOPT_PROXY, ""))
        check(shim_set_long(easy, CURLOPT_NOSIGNAL, 1))
        // A call that ends while its name is looked up leaves that thread alone: waiting for it would hold up every transfer.
        check(shim_set_long(easy, CURLOPT_QUICK_EXIT, 1))
        check(shim_set_long(easy, CURLOPT_PATH_AS_IS, 1))
        if let file = options.authorities { check(shim_set_text(easy, CURLOPT_CAINFO, file)) }
        let version = options.speaksHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        check(shim_set_long(easy, CURLOPT_HTTP_VERSION, version))
        // Over TLS, wait for a connection that may turn out to speak HTTP/2: its first call alone resolves and connects. Not
        // without: there the wait would be for the first call's answer.
        let mayMultiplex = options.speaksHTTP2 && call.url.utf8.starts(with: "https:".utf8)
        check(shim_set_long(easy, CURLOPT_PIPEWAIT, mayMultiplex ? 1 : 0))
        check(shim_set_prerequest(easy, sendOnce))
        check(shim_set_pointer(easy, CURLOPT_PREREQDATA, this))
        check(shim_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, min(call.timeout, 10_000)))
        check(shim_set_long(easy, CURLOPT_TIMEOUT_MS, call.timeout))
        check(shim_set_list(easy, CURLOPT_HTTPHEADER, headerList))
        check(shim_set_write(easy, CURLOPT_WRITEFUNCTION, takeBody))
        check(shim_set_pointer(easy, CURLOPT_WRITEDATA, this))
        check(shim_set_write(easy, CURLOPT_HEADERFUNCTION, takeHeader))
        check(shim_set_pointer(easy, CURLOPT_HEADERDATA, this))
        check(shim_set_open(easy, openSocket))
        check(shim_set_pointer(easy, CURLOPT_OPENSOCKETDATA, this))
        setMethod(easy, this)
        return self.easy
    }

    private func setMethod(_ easy: UnsafeMutableRawPointer, _ this: UnsafeMutableRawPointer) {
        switch call.body {
        case .none:
            check(shim_set_long(easy, call.method == "HEAD" ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1))
        case .bytes:
            check(shim_set_long(easy, CURLOPT_POST, 1))
            check(shim_set_pointer(easy, CURLOPT_POSTFIELDS, body.baseAddress))
            check(shim_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
            check(shim_set_text(easy, CURLOPT_ACCEPT_ENCODING, ""))
        case .pipe(_, let count), .file(_, let count):
            check(shim_set_long(easy, CURLOPT_UPLOAD, 1))
            check(shim_set_size(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(count)))
            check(shim_set_write(easy, CURLOPT_READFUNCTION, giveBody))
            check(shim_set_pointer(easy, CURLOPT_READDATA, this))
        }
        check(shim_set_text(easy, CURLOPT_CUSTOMREQUEST, call.method == "HEAD" ? nil : call.method))
    }

    /// The handle has been removed from the multi handle.
    func finish(_ code: CURLcode?) {
        let error: TransferError? =
            if let refusal { refusal } else if let code { code == CURLE_OK ? cutOff : TransferError(code) } else {
                .cancelled
            }
        let reply = replySoFar()
        let result = error.map { Result.failure($0) } ?? .success(reply)
        if let easy { curl_easy_cleanup(UnsafeMutableRawPointer(easy)) }
        curl_slist_free_all(headerList)
        easy = nil
        headerList = nil
        // A reply of another status leaves the pipe open: to where a redirect leads.
        if error != nil || reply.status == 200 { sink?.end(error) }
        answer(result)
    }

    /// libcurl takes a connection that closes amid the head for the end of the reply.
    private var cutOff: TransferError? { hasWholeHead ? nil : .broken("the head is cut off") }

    private var status: Int { easy.map { shim_get_long(UnsafeMutableRawPointer($0), CURLINFO_RESPONSE_CODE) } ?? 0 }

    private func replySoFar() -> HTTPClient.Reply {
        HTTPClient.Reply(status: status, headers: Headers(headers), body: reply)
    }

    private func answer(_ result: Result) {
        continuation?.resume(returning: result)
        continuation = nil
    }

    fileprivate func append(_ bytes: UnsafeRawBufferPointer) -> Int {
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
        guard reply.count + bytes.count <= call.maxReplyBytes else {
            refusal = .tooLarge
            return 0
        }
        reply += bytes
        return bytes.count
    }

    fileprivate func appendHeader(_ bytes: UnsafeRawBufferPointer) {
        let line = bytes.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        // A status line begins another response: of a 1xx, or the final one.
        if line.starts(with: "HTTP/".utf8) { (headers, hasWholeHead) = ([], false) }
        if line.isEmpty { hasWholeHead = true }
        guard headers.count < 200, let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        headers.append((text(line[..<colon]), text(line[(colon + 1)...])))
    }

    /// Never more than the body's count, which libcurl would send as well; less breaks the upload off, else both sides
    /// would wait for the rest.
    fileprivate func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
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
        case .none, .bytes: return 0
        }
        guard given > 0 else { return Int(CURL_READFUNC_ABORT) }
        sent += given
        return given
    }

    /// libcurl sends a request again by itself when a connection used before is reset. Repeating is the caller's: no.
    fileprivate func maySend() -> Bool {
        defer { isSent = true }
        if isSent { refusal = .broken("Connection was reset") }
        return !isSent
    }

    /// The socket for an address; -1: none.
    fileprivate func open(_ address: inout curl_sockaddr) -> curl_socket_t {
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

    func refuse(_ error: TransferError) {
        refusal = error
    }
}

/// Without blanks at either end.
private func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    let value = bytes.drop(while: isBlank)
    let end = value.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? value.startIndex
    return String(decoding: value[..<end], as: UTF8.self)
}

private func openSocket(
    _ context: UnsafeMutableRawPointer?, _: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let address else { return -1 }
    return Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().open(&address.pointee)
}

private func sendOnce(
    _ context: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<CChar>?, _: UnsafeMutablePointer<CChar>?, _: Int32,
    _: Int32
) -> Int32 {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().maySend()
        ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

private func giveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().give(
        UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
}

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().append(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
}

private func takeHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().appendHeader(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}

/// Options fail only where libcurl lacks the feature or memory: neither is to be lived with.
private func check(_ code: CURLcode) {
    precondition(code == CURLE_OK, "libcurl: \(String(cString: curl_easy_strerror(code)))")
}
