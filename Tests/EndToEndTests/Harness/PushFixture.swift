import Foundation
import TestSupport
import Testing

/// The two push endpoints, with settings of their own, behind an nginx of their own.
final class PushFixture {
    let nginx: NginxInstance
    let ozon: OzonStandIn
    let images: EndpointProcess
    let status: EndpointProcess
    private let ownStandIn: ChildProcess?

    /// - Parameter ozonOptions: starts a stand-in with these options; nil: the sandbox's stand-in is used.
    init(_ settings: [String: String] = [:], ozonOptions: [String]? = nil) throws {
        nginx = try NginxInstance()
        var settings = settings
        if let ozonOptions {
            let (port, cdnPort) = (try closedPort(), try closedPort())
            ownStandIn = try ChildProcess(
                "python3",
                ["\(repository)/deploy/sandbox/ozon", "--port", "\(port)", "--cdn-port", "\(cdnPort)"] + ozonOptions)
            try eventually("the stand-in responds") { (try? http("GET", port: port, "/_peak").status) == 200 }
            settings["OZON_API_URL"] = "http://127.0.0.1:\(port)"
            ozon = OzonStandIn(port: port)
        } else {
            ownStandIn = nil
            ozon = try OzonStandIn.shared()
        }
        images = try nginx.start(.pushImages, settings)
        status = try nginx.start(.pushStatus, settings)
    }

    func push(_ body: String) throws -> HTTPResponse { try nginx.client.post(.pushImages, body) }
    func requestStatus(_ body: String) throws -> HTTPResponse { try nginx.client.post(.pushStatus, body) }
}

/// Sends several pushes at once, since each lasts as long as Ozon's task.
func pushAll(_ bodies: [String]) throws -> [HTTPResponse] {
    let client = try sandbox().client
    return try bodies.map { try client.open(.pushImages, Array($0.utf8)) }.map { try HTTPResponse($0.readToEnd()) }
}

/// Checks a push's response with status 200.
func expectOutcome(
    _ response: HTTPResponse, _ status: String, _ productID: Int, images: Int = 0, images360: Int = 0,
    color: Bool = false, errors: [String] = [], _ comment: String = "",
    at location: SourceLocation = #_sourceLocation
) {
    let comment = Comment(rawValue: "\(comment): \(response.status) \(response.text.prefix(1000))")
    let (json, data) = (response.json, response.json["data"])
    #expect(response.status == 200, comment, sourceLocation: location)
    #expect(json["success"].bool == errors.isEmpty, comment, sourceLocation: location)
    // A pending push may have a detail: why the task could not be polled to its end.
    let names = json.names.filter { $0 != "detail" || status != "pending" }
    #expect(
        names == (errors.isEmpty ? ["data", "success"] : ["data", "errors", "success"]), comment,
        sourceLocation: location)
    #expect(data["status"].string == status, comment, sourceLocation: location)
    #expect(data["product_id"].int == productID, comment, sourceLocation: location)
    #expect(data["updated"].names == ["color_image", "images", "images360"], comment, sourceLocation: location)
    #expect(data["updated"]["images"].int == images, comment, sourceLocation: location)
    #expect(data["updated"]["images360"].int == images360, comment, sourceLocation: location)
    #expect(data["updated"]["color_image"].bool == color, comment, sourceLocation: location)
    #expect(data["current_images"].exists == (status != "pending"), comment, sourceLocation: location)
    #expect(fieldErrors(response) == errors, comment, sourceLocation: location)
    expectCommonHeaders(response, at: location)
}
