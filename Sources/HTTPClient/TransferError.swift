import CCurl

/// Why there is no response.
package enum TransferError: Error, Sendable, Equatable {
    /// DNS, connecting or TLS failed: the request was not sent.
    case unreachable(String)
    /// The server's certificate could not be verified, or the file of authorities could not be read. Retrying won't
    /// help.
    case untrusted(String)
    /// The connection was reset, or closed before the response was complete.
    case broken(String)
    /// The request's timeout passed, or a download received nothing for 10 s.
    case timeout
    case tooLarge
    /// The host's address is not public.
    case forbiddenAddress
    case cancelled

    init(_ code: CURLcode) {
        let text = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_OPERATION_TIMEDOUT: self = .timeout
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR: self = .unreachable(text)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE: self = .untrusted(text)
        default: self = .broken(text)
        }
    }
}
