import Encoding
import Foundation

@testable import Core
@testable import HTTPClient
@testable import JSON
@testable import Ozon

private let (clientID, apiKey) = ("777", "K3y!")

private let credential: Credential = {
    let body = #"{"credential": {"client_id": "\#(clientID)", "api_key": "\#(apiKey)"}}"#
    let fields = try! Fields(body: Array(body.utf8), caller: .unlimited)
    return fields.object("credential") { inner throws(InvalidFields) in try Credential(inner) }!
}()

/// The first line of the input is a status, a Retry-After and an Item-Retry-After; the rest is the body of one of
/// Ozon's responses, which every decoder reads. No error or reason contains the credential or a control character, and
/// waits are bounded.
func fuzzOzon(_ bytes: [UInt8]) {
    let end = bytes.firstIndex(of: 0x0A) ?? bytes.count
    let head = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
    let body = Array(bytes[min(end + 1, bytes.count)...])
    var headers = Headers()
    for (name, value) in zip(["Retry-After", "Item-Retry-After"], head.dropFirst()) where !value.isEmpty {
        headers.append(name, String(value))
    }
    let status = head.first.flatMap { Int($0) }.flatMap { (100...999).contains($0) ? $0 : nil } ?? 400
    let error = SellerError(HTTPClient.Response(status: status, headers: headers, body: body), credential)
    check(error.fault)
    require((error.fault.retryAfter ?? 1) > 0, "Retry-After is \(error.fault.retryAfter!)")

    guard let json = try? JSON(body, duplicates: .lastWins), case .object = json else { return }
    decode(ResponseValue(json, of: "/v1/x", credential))
}

private func decode(_ response: ResponseValue) {
    for field in ArticleField.allCases {
        attempt {
            let list = try ProductList(response, by: field)
            for text in ["1", "777", "a"] {
                guard let article = ArticleID(text, as: field) else { continue }
                attempt { _ = try list.product(of: article, Product.init) }
                attempt { checkURLs(try list.product(of: article, PushedProduct.init)) }
            }
        }
    }
    for item in (try? response.list("items")) ?? [] {
        attempt { checkText(try PictureError(item).reason) }
        attempt { _ = try ImportedPicture(item) }
        attempt { checkTask(try ImportTask([item], offerID: nil, productID: 1)) }
        attempt { checkTask(try ImportTask([item], offerID: "a", productID: 1)) }
    }
    attempt {
        for picture in try response.object("result").list("pictures") { _ = try ImportedPicture(picture) }
    }
}

private func checkTask(_ task: ImportTask) {
    require(task.errors.count <= 100, "a task has \(task.errors.count) errors")
    if let quota = task.quota { check(quota) }
    for problem in task.errors {
        checkText(problem.reason)
        require(problem.texts.count <= 4096, "the texts of a problem have \(problem.texts.count) bytes")
        _ = problem.mentions("https://cdn1.ozone.ru/a.jpg")
    }
}

/// These URLs may be sent back to Ozon.
private func checkURLs(_ product: PushedProduct) {
    for url in product.images + product.colorImages {
        require(url.lowercased().hasPrefix("http"), "\(url) is neither http nor https")
    }
}

private func attempt(_ read: () throws -> Void) {
    do { try read() } catch {
        guard let fault = error as? Fault else { violated("\(error) is not a fault") }
        check(fault)
    }
}

private func check(_ fault: Fault) {
    if let detail = fault.detail { checkText(detail) }
    for error in fault.errors { checkText(error.reason) }
}

private func checkText(_ text: String) {
    for secret in [apiKey, clientID] {
        require(Array(text.utf8).firstRange(of: Array(secret.utf8)) == nil, "the credential is in '\(text)'")
    }
    require(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "control characters: \(text)")
    require(text.unicodeScalars.count <= 500, "a text has \(text.unicodeScalars.count) characters")
}
