import CCurl
import Encoding
import Glibc
import Synchronization
import System

/// One call under way: the easy handle and all that libcurl keeps pointers to, which lives until the handle is removed.
/// After `add` only the loop's thread touches it, but for `isCancelled`.
final class Transfer: @unchecked Sendable {
    typealias Result = Swift.Result<HTTPClient.Response, TransferError>

    var continuation: CheckedContinuation<Result, Never>?
    let isCancelled = Atomic<Bool>(false)

    /// When the loop ends the transfer, whatever libcurl does. Waiting for the loop counts too.
    let deadline: ContinuousClock.Instant

    let call: HTTPClient.Request
    /// Where the body of a reply with status 200 goes; nil: into the reply.
    let sink: Pipe?
    private(set) var easy: OpaquePointer?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    var headers: [(name: String, value: String)] = []
    var reply: [UInt8] = []
    /// What is being sent of a body of bytes: empty before and after.
    var body: [UInt8] = []
    var bodyCount = 0
    var sent = 0
    var hasWholeHead = false
    var refusal: TransferError?
    var isSent = false
    /// The rest of a failure's body isn't read; the transfer ends as if it were complete.
    var isCutShort = false
    var lastByte = ContinuousClock.now
    var isPaused = false

    static let patience = Duration.seconds(10)

    /// How much is read of the body of a reply that isn't 2xx.
    static let maxFailureBytes = 64 << 10

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

    init(_ call: HTTPClient.Request, sink: Pipe?) {
        self.call = call
        self.sink = sink
        deadline = .now + .milliseconds(call.timeout)
    }

    /// The pipes at either end wake this transfer through the loop.
    func attach(_ loop: TransferLoop) {
        sink?.onWriterWake { [weak self] in self.map(loop.resume) }
        sink?.onClose { [weak self] in self.map(loop.cancel) }
        if case .pipe(let pipe, _) = call.body { pipe.onReaderWake { [weak self] in self.map(loop.resume) } }
    }

    /// Makes the easy handle; nil if libcurl has no memory for it, or the URL is too long for libcurl.
    func prepare(_ options: HTTPClient.Options) -> OpaquePointer? {
        guard let easy = curl_easy_init() else { return nil }
        guard shim_set_text(easy, CURLOPT_URL, call.url) == CURLE_OK else {
            curl_easy_cleanup(easy)
            return nil
        }
        lastByte = .now
        self.easy = OpaquePointer(easy)
        let this = Unmanaged.passUnretained(self).toOpaque()
        for line in call.headers.lines { headerList = curl_slist_append(headerList, "\(line.name): \(line.value)") }
        headerList = curl_slist_append(headerList, "Expect:")
        // Without this, libcurl would declare a POST's body to be a form.
        if call.headers["content-type"] == nil {
            headerList = curl_slist_append(headerList, "Content-Type:")
        }
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
        case .bytes(let bytes): post(bytes.count, easy, this)
        case .made(let make): post(make().count, easy, this)
        case .pipe(_, let count), .file(_, let count):
            check(shim_set_long(easy, CURLOPT_UPLOAD, 1))
            check(shim_set_size(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(count)))
            check(shim_set_write(easy, CURLOPT_READFUNCTION, giveBody))
            check(shim_set_pointer(easy, CURLOPT_READDATA, this))
        }
        check(shim_set_text(easy, CURLOPT_CUSTOMREQUEST, call.method == "HEAD" ? nil : call.method))
    }

    /// The bytes are read as they are sent: POSTFIELDS would need a copy that lasts until the reply.
    private func post(_ count: Int, _ easy: UnsafeMutableRawPointer, _ this: UnsafeMutableRawPointer) {
        bodyCount = count
        check(shim_set_long(easy, CURLOPT_POST, 1))
        check(shim_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(count)))
        check(shim_set_write(easy, CURLOPT_READFUNCTION, giveBody))
        check(shim_set_pointer(easy, CURLOPT_READDATA, this))
        // libcurl's least; a transfer keeps its buffer until the reply.
        check(shim_set_long(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16 * 1024))
        check(shim_set_text(easy, CURLOPT_ACCEPT_ENCODING, ""))
    }

    /// The handle has been removed from the multi handle.
    func finish(_ code: CURLcode?) {
        let error: TransferError? =
            if let refusal {
                refusal
            } else if isCutShort {
                nil
            } else if let code {
                code == CURLE_OK ? cutOff : TransferError(code)
            } else {
                .cancelled
            }
        let reply = replySoFar()
        let result = error.map { Result.failure($0) } ?? .success(reply)
        if let easy { curl_easy_cleanup(UnsafeMutableRawPointer(easy)) }
        curl_slist_free_all(headerList)
        easy = nil
        headerList = nil
        // A reply of another status leaves the pipe open: to where a redirect leads.
        if continuation != nil || reply.status == 200, error != nil || reply.status == 200 { sink?.end(error) }
        answer(result)
    }

    /// libcurl takes a connection that closes amid the head for the end of the reply.
    private var cutOff: TransferError? { hasWholeHead ? nil : .broken("the head is cut off") }

    var status: Int { easy.map { shim_get_long(UnsafeMutableRawPointer($0), CURLINFO_RESPONSE_CODE) } ?? 0 }

    func replySoFar() -> HTTPClient.Response {
        HTTPClient.Response(status: status, headers: Headers(headers), body: reply, sent: sent)
    }

    func answer(_ result: Result) {
        continuation?.resume(returning: result)
        continuation = nil
    }

    func refuse(_ error: TransferError) {
        refusal = error
    }
}

/// Options fail only where libcurl lacks the feature or memory: neither is to be lived with.
private func check(_ code: CURLcode) {
    precondition(code == CURLE_OK, "libcurl: \(String(cString: curl_easy_strerror(code)))")
}
