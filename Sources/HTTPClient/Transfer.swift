import CCurl
import Encoding
import Synchronization
import System

/// One transfer: the easy handle and everything libcurl holds pointers to, which lives until the handle is removed.
/// After `add`, everything but `isCancelled` is used only on the loop's thread. If that thread could not be started, it
/// is the thread that added the transfer (`TransferLoop.failAll`).
final class Transfer: @unchecked Sendable {
    typealias Result = Swift.Result<HTTPClient.Response, TransferError>

    var continuation: CheckedContinuation<Result, Never>?
    let isCancelled = Atomic<Bool>(false)

    /// When the loop ends the transfer, whatever libcurl does. The time spent waiting for the loop counts too.
    let deadline: ContinuousClock.Instant

    let request: HTTPClient.Request
    /// Receives the body of a response with status 200. If nil, the body becomes part of the response.
    let sink: Pipe?
    private(set) var easy: UnsafeMutableRawPointer?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    var responseHeaders: [(name: String, value: String)] = []
    var responseBody: [UInt8] = []
    /// The bytes of a `.generated` body while they are being sent.
    var body: [UInt8] = []
    var bodyCount = 0
    var sentBytes = 0
    var hasAllHeaders = false
    var failure: TransferError?
    var hasStartedSending = false
    let connections: OpenConnections
    /// The sockets that were opened for this transfer.
    var openedSockets: [Int32] = []
    /// The ends of the connection on which the request was sent.
    var connectionEnds: OpenConnections.Ends?
    /// The connection that libcurl chose must not be used, so nothing was sent.
    var needsNewConnection = false
    /// Whether the transfer runs on a connection of its own, after the one that libcurl chose was rejected.
    private(set) var hasNewConnection = false
    /// The rest of the body isn't needed and is not read; the transfer ends as if it were complete.
    var isTruncated = false
    var lastByte = ContinuousClock.now
    var isPaused = false
    /// When a download received a status other than 200. Its body isn't used, but if it ends soon, the connection can
    /// be reused.
    var unusedSince: ContinuousClock.Instant?

    static let stallTimeout = Duration.seconds(10)

    /// How many bytes are read of the body of a response that isn't 2xx.
    static let maxErrorBytes = 64 << 10
    static let maxHeaders = 200

    var isDownload: Bool { sink != nil }

    /// Whether a download that is not paused has received nothing for 10 s, or an unused body for 1 s. (libcurl's own
    /// low-speed limit uses an average, which takes some seconds more to fall.)
    var isStalled: Bool {
        if let unusedSince { return unusedSince.duration(to: .now) > .seconds(1) }
        return isDownload && !isPaused && lastByte.duration(to: .now) > Self.stallTimeout
    }

    init(_ request: HTTPClient.Request, sink: Pipe?, _ connections: OpenConnections) {
        self.request = request
        self.sink = sink
        self.connections = connections
        deadline = .now + request.timeout
    }

    func resume() {
        guard let easy else { return }
        (isPaused, lastByte) = (false, .now)
        // Delivers buffered bytes at once, which may pause the transfer again.
        _ = curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    /// Lets the pipes at either end resume and cancel this transfer through the loop.
    func attach(_ loop: TransferLoop) {
        sink?.onWriterWake { [weak self] in self.map(loop.resume) }
        sink?.onClose { [weak self] in self.map(loop.cancel) }
        if case .pipe(let pipe, _) = request.body { pipe.onReaderWake { [weak self] in self.map(loop.resume) } }
    }

    /// Creates the easy handle. Nil if libcurl is out of memory or the URL is too long for it.
    func prepare(_ options: HTTPClient.Options) -> UnsafeMutableRawPointer? {
        guard let easy = curl_easy_init() else { return nil }
        guard shim_set_text(easy, CURLOPT_URL, request.url) == CURLE_OK else {
            curl_easy_cleanup(easy)
            return nil
        }
        lastByte = .now
        self.easy = easy
        let this = Unmanaged.passUnretained(self).toOpaque()
        makeHeaderList()
        check(shim_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        check(shim_set_text(easy, CURLOPT_PROXY, ""))
        check(shim_set_long(easy, CURLOPT_NOSIGNAL, 1))
        // Waiting for the resolver thread of a transfer that ends during a DNS lookup would block all transfers.
        check(shim_set_long(easy, CURLOPT_QUICK_EXIT, 1))
        check(shim_set_long(easy, CURLOPT_PATH_AS_IS, 1))
        if let file = options.authoritiesFile {
            check(shim_set_text(easy, CURLOPT_CAINFO, file))
            // The system's authorities, which libcurl would trust as well.
            check(shim_set_text(easy, CURLOPT_CAPATH, nil))
        }
        let version = options.allowsHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        check(shim_set_long(easy, CURLOPT_HTTP_VERSION, version))
        let milliseconds = request.timeout.milliseconds
        check(shim_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, min(milliseconds, 10_000)))
        check(shim_set_long(easy, CURLOPT_TIMEOUT_MS, milliseconds))
        check(shim_set_list(easy, CURLOPT_HTTPHEADER, headerList))
        setCallbacks(easy, this)
        setMethod(easy, this)
        return easy
    }

    private func makeHeaderList() {
        for line in request.headers.lines { headerList = curl_slist_append(headerList, "\(line.name): \(line.value)") }
        headerList = curl_slist_append(headerList, "Expect:")
        // Otherwise libcurl would declare the body of a POST to be a form.
        if request.headers["content-type"] == nil { headerList = curl_slist_append(headerList, "Content-Type:") }
    }

    private func setCallbacks(_ easy: UnsafeMutableRawPointer, _ this: UnsafeMutableRawPointer) {
        check(shim_set_prerequest(easy, prerequestCallback))
        check(shim_set_pointer(easy, CURLOPT_PREREQDATA, this))
        check(shim_set_data_callback(easy, CURLOPT_WRITEFUNCTION, writeCallback))
        check(shim_set_pointer(easy, CURLOPT_WRITEDATA, this))
        check(shim_set_data_callback(easy, CURLOPT_HEADERFUNCTION, headerCallback))
        check(shim_set_pointer(easy, CURLOPT_HEADERDATA, this))
        check(shim_set_open(easy, openSocketCallback))
        check(shim_set_pointer(easy, CURLOPT_OPENSOCKETDATA, this))
        check(shim_set_close(easy, closeSocketCallback))
        check(shim_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(connections).toOpaque()))
    }

    /// Prepares the transfer, whose handle was removed from the multi handle, to run again on a new connection.
    func prepareNewConnection() {
        (needsNewConnection, hasNewConnection) = (false, true)
        check(shim_set_long(easy!, CURLOPT_FRESH_CONNECT, 1))
    }

    private func setMethod(_ easy: UnsafeMutableRawPointer, _ this: UnsafeMutableRawPointer) {
        switch request.body {
        case .none:
            check(shim_set_long(easy, request.method == "HEAD" ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1))
        case .bytes(let bytes): post(bytes.count, easy, this)
        case .generated(let make): post(make().count, easy, this)
        case .pipe(_, let count), .file(_, let count):
            bodyCount = count
            check(shim_set_long(easy, CURLOPT_UPLOAD, 1))
            check(shim_set_size(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(count)))
            check(shim_set_data_callback(easy, CURLOPT_READFUNCTION, readCallback))
            check(shim_set_pointer(easy, CURLOPT_READDATA, this))
        }
        check(shim_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method == "HEAD" ? nil : request.method))
    }

    /// The body is read as it is sent, because POSTFIELDS would need a copy that lives until the response.
    private func post(_ count: Int, _ easy: UnsafeMutableRawPointer, _ this: UnsafeMutableRawPointer) {
        bodyCount = count
        check(shim_set_long(easy, CURLOPT_POST, 1))
        check(shim_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(count)))
        check(shim_set_data_callback(easy, CURLOPT_READFUNCTION, readCallback))
        check(shim_set_pointer(easy, CURLOPT_READDATA, this))
        // libcurl's minimum, because a transfer keeps this buffer until the response.
        check(shim_set_long(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16 * 1024))
        check(shim_set_text(easy, CURLOPT_ACCEPT_ENCODING, ""))
    }

    /// Ends the transfer, after its handle was removed from the multi handle.
    /// - Parameter code: libcurl's result, or nil if the transfer was removed before libcurl ended it.
    func finish(_ code: CURLcode?) {
        let error: TransferError? =
            if let failure {
                failure
            } else if isTruncated {
                nil
            } else if let code {
                code == CURLE_OK ? missingHeaders ?? earlySuccess : TransferError(code)
            } else {
                .cancelled
            }
        let response = responseSoFar()
        let result = error.map { Result.failure($0) } ?? .success(response)
        if let easy { curl_easy_cleanup(easy) }
        curl_slist_free_all(headerList)
        easy = nil
        headerList = nil
        // After a response of another status the pipe stays open, for the target of a redirect.
        if response.status == 200 || continuation != nil && error != nil { sink?.end(error) }
        resumeCaller(with: result)
    }

    /// libcurl treats a connection that closes inside the response headers as the end of the response.
    private var missingHeaders: TransferError? {
        hasAllHeaders ? nil : .broken("connection closed inside the response headers")
    }

    /// libcurl ends a transfer if the server responds and closes before it has the whole request. A success is then not
    /// the result of that request.
    private var earlySuccess: TransferError? {
        (200..<300).contains(status) && sentBytes < bodyCount ? .broken("success before the request was sent") : nil
    }

    var status: Int { easy.map { shim_get_long($0, CURLINFO_RESPONSE_CODE) } ?? 0 }

    func responseSoFar() -> HTTPClient.Response {
        HTTPClient.Response(status: status, headers: Headers(responseHeaders), body: responseBody, sent: sentBytes)
    }

    func resumeCaller(with result: Result) {
        continuation?.resume(returning: result)
        continuation = nil
    }
}

/// Setting an option fails only if libcurl lacks the feature or is out of memory; both are fatal.
private func check(_ code: CURLcode) {
    precondition(code == CURLE_OK, "libcurl: \(String(cString: curl_easy_strerror(code)))")
}
