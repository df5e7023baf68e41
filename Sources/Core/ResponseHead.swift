import Encoding

/// The head of a CGI response (RFC 3875, section 6), up to and including the empty line.
/// - Parameter more: appends further header lines.
func responseHead(
    _ status: Int, _ type: StaticString, requestID: String, _ more: (inout [UInt8]) -> Void
) -> [UInt8] {
    var head: [UInt8] = []
    head.reserveCapacity(256)
    head.append("Status: ")
    head.append(decimal: status)
    head.append(" ")
    head.append(reasonPhrase(status))
    head.append("\r\nContent-Type: ")
    head.append(type)
    head.append("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: ")
    head.append(text: requestID)
    head.append("\r\n")
    more(&head)
    head.append("\r\n")
    return head
}

private func reasonPhrase(_ status: Int) -> StaticString {
    switch status {
    case 200: "OK"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 429: "Too Many Requests"
    case 499: "Client Closed Request"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    default: "Internal Server Error"
    }
}
