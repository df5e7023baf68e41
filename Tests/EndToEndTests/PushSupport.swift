import Foundation
import Testing

/// A request to a push endpoint; `more` replaces members, NSNull takes one away.
func pushBody(
    _ productID: Int, client: String = nextClient(), key: String = "good", _ more: [String: Any] = [:]
) -> String {
    let usual: [String: Any] = [
        "credential": ["client_id": client, "api_key": key], "product_id": productID,
    ]
    return jsonText(usual.merging(more) { $1 }.filter { !($0.value is NSNull) })
}

/// The paths of Ozon's methods.
enum OzonMethod {
    static let list = "/v3/product/info/list"
    static let picturesImport = "/v2/product/pictures/import"
    static let importInfo = "/v1/product/import/info"
    static let picturesInfo = "/v2/product/pictures/info"
    static let picturesImportV1 = "/v1/product/pictures/import"
}

/// Pictures nobody has pushed before.
func pictures(_ count: Int, _ name: String = "p") -> [String] {
    (0..<count).map { _ in "https://img.example/\(nextClient())/\(name).jpg" }
}

/// The stand-in, as it is started for all tests or for one.
struct Ozon {
    let port: UInt16

    static func shared() throws -> Ozon { Ozon(port: try sandbox().ozonPort) }

    /// The calls of one Client-Id: paths and bodies as they came.
    func calls(of client: String) throws -> [(path: String, body: JSONValue)] {
        try http("GET", port: port, "/_record?client_id=\(client)").json.list.map {
            ($0["path"].string ?? "", JSONValue($0["body"].string ?? ""))
        }
    }

    func paths(of client: String) throws -> [String] { try calls(of: client).map(\.path) }

    /// What was sent to be imported, a product each.
    func imports(of client: String) throws -> [JSONValue] {
        try calls(of: client).filter { $0.path == OzonMethod.picturesImport }.flatMap { $0.body["items"].list }
    }

    /// What stands at Ozon, asked of it directly.
    func standing(_ productID: Int) throws -> (images: [String], color: String?) {
        let item = try ask(OzonMethod.picturesInfo, ["product_id": ["\(productID)"]])
        return (item["primary_photo"].strings + item["photo"].strings, item["color_photo"].strings.first)
    }

    /// The product_id of one of the stand-in's named products.
    func named(_ offerID: String) throws -> Int {
        try #require(try ask(OzonMethod.list, ["offer_id": [offerID]])["id"].int)
    }

    /// The first item of the answer.
    private func ask(_ method: String, _ body: [String: Any]) throws -> JSONValue {
        let headers = ["Content-Type: application/json", "Client-Id: 7", "Api-Key: direct"]
        return try http("POST", port: port, method, headers, body: Array(jsonText(body).utf8)).json["items"][0]
    }
}

/// Products of the stand-in's families that no other test changes.
enum OwnProduct {
    private static let lock = NSLock()
    nonisolated(unsafe) private static var last = (family: 70_000, pending: 0)

    /// With 1 to 4 images, and a color image or none.
    static func next(images: Int = 3, color: Bool = true) -> Int {
        lock.withLock {
            repeat { last.family += 1 } while last.family % 4 + 1 != images || (last.family % 5 == 0) != color
            return 1_000_000 + last.family
        }
    }

    /// Whose import is told pending at least so often; 2 images.
    static func nextPending(_ polls: Int) -> Int {
        lock.withLock {
            last.pending = max(last.pending + 1, polls)
            return 7_000_000 + last.pending
        }
    }
}

/// What every push answers with HTTP 200.
func expectOutcome(
    _ answer: HTTPAnswer, _ status: String, _ productID: Int, images: Int = 0, images360: Int = 0,
    color: Bool = false, faults reasons: [String] = [], _ comment: String = "",
    at location: SourceLocation = #_sourceLocation
) {
    let what = Comment(rawValue: "\(comment): \(answer.status) \(answer.text.prefix(1000))")
    let (json, data) = (answer.json, answer.json["data"])
    #expect(answer.status == 200, what, sourceLocation: location)
    #expect(json["success"].bool == reasons.isEmpty, what, sourceLocation: location)
    // A pending push may say why Ozon couldn't be polled to the end.
    let names = json.names.filter { $0 != "detail" || status != "pending" }
    #expect(
        names == (reasons.isEmpty ? ["data", "success"] : ["data", "errors", "success"]), what,
        sourceLocation: location)
    #expect(data["status"].string == status, what, sourceLocation: location)
    #expect(data["product_id"].int == productID, what, sourceLocation: location)
    #expect(data["updated"].names == ["color_image", "images", "images360"], what, sourceLocation: location)
    #expect(data["updated"]["images"].int == images, what, sourceLocation: location)
    #expect(data["updated"]["images360"].int == images360, what, sourceLocation: location)
    #expect(data["updated"]["color_image"].bool == color, what, sourceLocation: location)
    #expect(data["current_images"].exists == (status != "pending"), what, sourceLocation: location)
    #expect(faults(answer) == reasons, what, sourceLocation: location)
    expectUsualHeaders(answer, at: location)
}

/// Several at once: a push lasts as long as Ozon's task.
func pushAll(_ bodies: [String]) throws -> [HTTPAnswer] {
    let site = try sandbox().site
    return try bodies.map { try site.open(.pushImages, Array($0.utf8)) }.map { try HTTPAnswer(try $0.readToEnd()) }
}

/// Handlers with settings of their own behind an nginx of their own.
final class PushStage {
    let stage: Stage
    let ozon: Ozon
    let images: Handler
    let status: Handler
    private let standIn: Program?

    /// - Parameter ozonOptions: nil: the stand-in of all tests; else one of its own, started with these.
    init(_ settings: [String: String] = [:], ozonOptions: [String]? = nil) throws {
        stage = try Stage()
        var settings = settings
        if let ozonOptions {
            let (port, cdnPort) = (try freePort(), try freePort())
            standIn = try Program(
                "python3",
                ["\(repository)/deploy/sandbox/ozon", "--port", "\(port)", "--cdn-port", "\(cdnPort)"] + ozonOptions)
            try eventually("the stand-in answers") { (try? http("GET", port: port, "/_peak").status) == 200 }
            settings["OZON_API_URL"] = "http://127.0.0.1:\(port)"
            ozon = Ozon(port: port)
        } else {
            standIn = nil
            ozon = try Ozon.shared()
        }
        images = try stage.handler(.pushImages, settings)
        status = try stage.handler(.pushStatus, settings)
    }

    func push(_ body: String) throws -> HTTPAnswer { try stage.site.post(.pushImages, body) }
    func ask(_ body: String) throws -> HTTPAnswer { try stage.site.post(.pushStatus, body) }
}
