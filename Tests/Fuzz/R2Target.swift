import Foundation

@testable import Core
@testable import HTTPClient
@testable import R2
@testable import R2Storage
@testable import SigV4

private let server = ResponseServer()

private let storage = Storage(
    HTTPClient(HTTPClient.Options(maxTransfers: 1, allowsHTTP2: false, authoritiesFile: nil)),
    Bucket(
        endpoint: "http://127.0.0.1:\(server.port)", host: "127.0.0.1:\(server.port)", name: "bucket",
        credentials: Credentials(accessKeyID: "AKID", secretAccessKey: "secret"),
        publicBase: "https://pictures.example"))

/// The first line of the input is a digit, which selects the operation, a status and header lines separated by `;`; the
/// rest is the body of R2's response. The response is sent over a socket, so that libcurl parses it.
func fuzzR2(_ bytes: [UInt8]) {
    let end = bytes.firstIndex(of: 0x0A) ?? bytes.count
    let head = String(decoding: bytes[..<end], as: UTF8.self).split(separator: ";", omittingEmptySubsequences: false)
    let body = Array(bytes[min(end + 1, bytes.count)...])
    checkETag(String(decoding: body.prefix(64), as: UTF8.self))
    guard let first = head.first, let operation = first.first?.wholeNumberValue,
        let status = Int(first.dropFirst()), [200, 204, 206, 301, 400, 403, 404, 412].contains(status)
    else { return }
    let error = StorageError(HTTPClient.Response(status: status, headers: [:], body: body))
    check(error.fault)
    // A transient error is followed by a pause.
    if error.isTransient { return }
    // Other headers could change the framing; libcurl judges that.
    let lines = head.dropFirst().filter { line in
        ["etag:", "cf-ray:"].contains { line.lowercased().hasPrefix($0) } && !containsControl(String(line))
    }
    server.respond(status, lines.map(String.init), operation == 3 || status == 204 ? [] : body, declared: body.count)
    let key = try! AllowedPrefixes.all.key("users/u/a.jpg")
    let fault = wait { await send(operation, key) }
    if let fault { check(fault) }
}

private func send(_ operation: Int, _ key: ObjectKey) async -> Fault? {
    do throws(StorageError) {
        switch operation {
        case 0:
            let id = try await storage.createUpload(key, contentType: nil)
            require((1...2048).contains(id.utf8.count) && !containsControl(id), "the upload id is \(id)")
        case 1:
            let parts = try await storage.parts(key, upload: "u") ?? []
            require(parts.map(\.number) == Set(parts.map(\.number)).sorted(), "the parts are not sorted")
            require(parts.allSatisfy { (1...10_000).contains($0.number) && $0.size >= 0 }, "\(parts)")
            require(parts.allSatisfy { !$0.etag.contains(where: "<>&\" \n\r".contains) }, "\(parts)")
            _ = parts.reduce(0) { $0 + $1.size }
        case 2: _ = try await storage.completeUpload(key, upload: "u", [StoredPart(number: 1, size: 1, etag: "a")])
        case 3: _ = try await storage.headObject(key).map { require($0.size >= 0 && !$0.etag.isEmpty, "\($0)") }
        case 4: try await storage.abortUpload(key, upload: "u")
        default:
            try await storage.putOnce(
                key, .bytes([1]), contentType: "image/jpeg", timeout: .seconds(10), attempt: 1)
        }
        return nil
    } catch { return error.fault }
}

private func check(_ fault: Fault) {
    for text in [fault.detail, fault.cause].compactMap(\.self) {
        require(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F } && text.utf8.count < 300, text)
    }
}

/// The ETag of a multipart upload is computed only from parts whose ETags are MD5s.
private func checkETag(_ text: String) {
    let isMD5 = text.utf8.count == 32 && text.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
    let computed = multipartETag([StoredPart(number: 1, size: 1, etag: text)])
    require((computed != nil) == isMD5, "\(text) counts as an MD5: \(!isMD5)")
    if let count = partCount(text) {
        require((1...10_000).contains(count) && isETag(text), "\(text) has \(count) parts")
    }
}
