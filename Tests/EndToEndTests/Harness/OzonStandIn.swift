import Foundation
import Synchronization
import TestSupport
import Testing

/// The Ozon stand-in: the sandbox's, or one that a test starts.
struct OzonStandIn {
    let port: UInt16

    static func shared() throws -> OzonStandIn { OzonStandIn(port: try sandbox().ozonPort) }

    enum Method {
        static let list = "/v3/product/info/list"
        static let picturesImport = "/v2/product/pictures/import"
        static let importInfo = "/v1/product/import/info"
        static let picturesInfo = "/v2/product/pictures/info"
        static let picturesImportV1 = "/v1/product/pictures/import"
    }

    /// The paths and bodies of the calls with this Client-Id.
    func calls(of clientID: String) throws -> [(path: String, body: JSONValue)] {
        try http("GET", port: port, "/_record?client_id=\(clientID)").json.list.map {
            ($0["path"].string ?? "", JSONValue($0["body"].string ?? ""))
        }
    }

    func paths(of clientID: String) throws -> [String] { try calls(of: clientID).map(\.path) }

    /// The maximum number of calls with this Client-Id that were in flight at once.
    func peak(of clientID: String) throws -> Int {
        try #require(try http("GET", port: port, "/_peak?client_id=\(clientID)").json["peak"].int)
    }

    /// Lets Ozon answer the calls with this Client-Id and the Api-Key "held", which it does not answer before that.
    func release(_ clientID: String) throws {
        #expect(try http("POST", port: port, "/_release?client_id=\(clientID)").status == 200)
    }

    /// The items of the import calls with this Client-Id.
    func imports(of clientID: String) throws -> [JSONValue] {
        try calls(of: clientID).filter { $0.path == Method.picturesImport }.flatMap { $0.body["items"].list }
    }

    /// A product's pictures, read from the stand-in directly.
    func currentPictures(of productID: Int) throws -> (images: [String], color: String?) {
        let item = try firstItem(Method.picturesInfo, ["product_id": ["\(productID)"]])
        return (item["primary_photo"].strings + item["photo"].strings, item["color_photo"].strings.first)
    }

    /// The product_id of one of the stand-in's named products.
    func productID(of offerID: String) throws -> Int {
        try #require(try firstItem(Method.list, ["offer_id": [offerID]])["id"].int)
    }

    func offerID(of productID: Int) throws -> String {
        try #require(try firstItem(Method.list, ["product_id": ["\(productID)"]])["offer_id"].string)
    }

    private func firstItem(_ method: String, _ body: [String: Any]) throws -> JSONValue {
        let headers = ["Content-Type: application/json", "Client-Id: 7", "Api-Key: direct"]
        return try http("POST", port: port, method, headers, body: Array(jsonText(body).utf8)).json["items"][0]
    }

    /// Defines a product with this many images, and with a color image or without one. Returns its product_id.
    func newProduct(images: Int = 3, color: Bool = true) throws -> Int {
        let article = "NEW-\(newClientID())"
        let urls = (0..<images).map { "\(article)-\($0).jpg" }
        return try define(article, urls, color: color ? "\(article)-color.jpg" : nil).productID
    }

    /// The product_id of one of the products PENDING-<n>, whose imports stay pending for n polls. Each call returns
    /// another product, with n at least `polls`. It has 2 images.
    func newPendingProduct(_ polls: Int) -> Int {
        lastPending.withLock { last in
            last = max(last + 1, polls)
            return 7_000_000 + last
        }
    }

    /// Defines a product. Images are names, which become URLs of the CDN, or complete URLs.
    @discardableResult
    func define(_ article: String, _ images: [String], color: String? = nil) throws -> (productID: Int, urls: [String])
    {
        let base = try sandbox().settings["OZON_IMAGE_HOSTS"]!
        func url(_ image: String) -> String { image.contains("://") ? image : "\(base)/s3/multimedia-1-i/\(image)" }
        let urls = images.map(url)
        let product: [String: Any] = ["offer_id": article, "images": urls, "color_image": color.map(url) ?? ""]
        let response = try http("POST", port: port, "/_product", body: Array(jsonText(product).utf8))
        return (try #require(response.json["product_id"].int), urls)
    }
}

private let lastPending = Mutex(0)

/// Defines a product of the sandbox's stand-in and returns the URLs of its images.
@discardableResult
func define(_ article: String, _ images: [String]) throws -> [String] {
    try OzonStandIn.shared().define(article, images).urls
}

/// The requests to the sandbox's CDN with this text in their path.
func cdnRequests(_ text: String) throws -> [JSONValue] {
    let escaped = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!
    return try http("GET", port: try sandbox().ozonPort, "/_images?path=\(escaped)").json.list
}

/// The maximum number of these requests that were in flight at once.
func maximumConcurrency(_ requests: [JSONValue]) -> Int {
    let changes = requests.flatMap { [($0["at"].int!, 1), ($0["end"].int ?? Int.max, -1)] }
    var (running, maximum) = (0, 0)
    // Within one millisecond, ends precede starts.
    for (_, change) in changes.sorted(by: <) {
        running += change
        maximum = max(maximum, running)
    }
    return maximum
}
