import CCurl
import HTTP
import Synchronization

/// One call under way: the easy handle and all that libcurl keeps pointers to, which lives until the handle is removed.
/// After `add` only the loop's thread touches it, but for `isCancelled`.
final class Transfer: @unchecked Sendable {
    typealias Result = Swift.Result<HTTPClient.Reply, TransferError>

    var continuation: CheckedContinuation<Result, Never>?
    let isCancelled = Atomic<Bool>(false)

    private let call: HTTPClient.Call
    private(set) var easy: OpaquePointer?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    /// libcurl copies no POSTFIELDS.
    private let body: UnsafeMutableBufferPointer<CChar>
    private var headers: [(name: String, value: String)] = []
    private var reply: [UInt8] = []
    private var isTooLarge = false

    init(_ call: HTTPClient.Call) {
        self.call = call
        body = .allocate(capacity: call.body.count)
        _ = body.initialize(from: call.body.lazy.map { CChar(bitPattern: $0) })
    }

    deinit {
        body.deallocate()
    }

    /// Makes the easy handle; nil if libcurl has no memory for it.
    func prepare() -> OpaquePointer? {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = OpaquePointer(easy)
        let this = Unmanaged.passUnretained(self).toOpaque()
        for line in call.headers { headerList = curl_slist_append(headerList, "\(line.name): \(line.value)") }
        headerList = curl_slist_append(headerList, "Expect:")
        check(shim_set_pointer(easy, CURLOPT_PRIVATE, this))
        check(shim_set_text(easy, CURLOPT_URL, call.url))
        check(shim_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        check(shim_set_text(easy, CURLOPT_PROXY, ""))
        check(shim_set_long(easy, CURLOPT_NOSIGNAL, 1))
        check(shim_set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS))
        // Over TLS, wait for a connection that may turn out to speak HTTP/2: its first call alone resolves and connects.
        check(shim_set_long(easy, CURLOPT_PIPEWAIT, 1))
        check(shim_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, min(call.timeout, 10_000)))
        check(shim_set_long(easy, CURLOPT_TIMEOUT_MS, call.timeout))
        check(shim_set_list(easy, CURLOPT_HTTPHEADER, headerList))
        check(shim_set_long(easy, CURLOPT_POST, 1))
        check(shim_set_pointer(easy, CURLOPT_POSTFIELDS, body.baseAddress))
        check(shim_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        check(shim_set_text(easy, CURLOPT_ACCEPT_ENCODING, ""))
        check(shim_set_write(easy, CURLOPT_WRITEFUNCTION, takeBody))
        check(shim_set_pointer(easy, CURLOPT_WRITEDATA, this))
        check(shim_set_write(easy, CURLOPT_HEADERFUNCTION, takeHeader))
        check(shim_set_pointer(easy, CURLOPT_HEADERDATA, this))
        return self.easy
    }

    /// The handle has been removed from the multi handle.
    func finish(_ code: CURLcode?) {
        let result: Result
        if isTooLarge {
            result = .failure(.tooLarge)
        } else if let code, let easy, code == CURLE_OK {
            let status = shim_get_long(UnsafeMutableRawPointer(easy), CURLINFO_RESPONSE_CODE)
            result = .success(HTTPClient.Reply(status: status, headers: Headers(headers), body: reply))
        } else {
            result = .failure(code.map { TransferError($0) } ?? .cancelled)
        }
        if let easy { curl_easy_cleanup(UnsafeMutableRawPointer(easy)) }
        curl_slist_free_all(headerList)
        easy = nil
        headerList = nil
        continuation?.resume(returning: result)
        continuation = nil
    }

    fileprivate func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        isTooLarge = reply.count + bytes.count > call.maxReplyBytes
        if !isTooLarge { reply += bytes }
        return !isTooLarge
    }

    fileprivate func appendHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let line = bytes.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        // A status line begins another response: of a 1xx, or the final one.
        if line.starts(with: "HTTP/".utf8) { headers = [] }
        guard headers.count < 200, let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return true }
        var value = line[(colon + 1)...].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        headers.append((String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)))
        return true
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let transfer = Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
    return transfer.append(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

private func takeHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let transfer = Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
    return transfer.appendHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

/// Options fail only where libcurl lacks the feature or memory: neither is to be lived with.
private func check(_ code: CURLcode) {
    precondition(code == CURLE_OK, "libcurl: \(String(cString: curl_easy_strerror(code)))")
}
