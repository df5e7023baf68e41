import Foundation
import TestSupport
import Testing

@testable import Core
@testable import Ozon

private enum Method: Int {
    case list, pictures, task, readBack, v1
}

/// A change to one of Ozon's responses, and its expected effect.
private struct Row: Sendable {
    let method: Method
    /// The place of the change, such as `items[0].id`. Empty for the whole response.
    let path: String
    /// The new value as JSON; nil if the member is removed.
    let value: String?
    /// The status of a push, or the error code of its fault.
    let push: String
    /// The same for push-status; nil if it is not tested.
    let status: String?

    var name: String { "\(method) \(path): \(value ?? "absent")" }
}

private let (bad, ok, gone) = ("ozonBadAnswer", "confirmed", "productNotFound")
private let absent: [String?] = [nil, "null"]
/// Values that are neither a URL nor a list of URLs.
private let notURLs: [String?] =
    absent + ["{}", "5", "true", #"{"url": "https://h/x"}"#, #"[{"url": "https://h/x"}]"#, #"["https://h/x", 5]"#]
    + ["[null]", "[[]]"]
private let notText: [String?] = ["5", "{}", "[]", "true"]
private let notList: [String?] = ["{}", "5", #""x""#]

private func rows(
    _ method: Method, _ path: String, _ values: [String?], _ push: String, _ status: String? = nil
) -> [Row] {
    values.map { Row(method: method, path: path, value: $0, push: push, status: status) }
}

private let pictures =
    #""primary_image": "https://h/p", "images": ["https://h/o"], "color_image": "https://h/oldc""#

/// The product list is the only response that a push reads before it sends something.
private let listRows =
    rows(.list, "", ["[]", "5", "null", #""x""#], bad) + rows(.list, "items", absent + notList, bad)
    + rows(.list, "items", ["[]"], gone) + rows(.list, "items[0]", ["null", "5", "[]", "{}"], bad)
    + rows(.list, "items[0].id", absent + ["{}", "[]", "true", "1.5", "0", "-1", #""""#, #""x""#], bad)
    + rows(.list, "items[0].id", ["2", #""2""#], gone) + rows(.list, "items[0].id", [#""1""#, #""01""#], ok)
    + rows(.list, "items[0].offer_id", absent + notText + [#""""#], bad)
    + ["images", "primary_image", "color_image"].flatMap {
        rows(.list, "items[0].\($0)", notURLs, bad)
            + rows(.list, "items[0].\($0)", [#"["u"]"#, #""ftp://h/x""#, #"["https://h/x", "https://"]"#], bad)
            + rows(.list, "items[0].\($0)", [#"["https://h/x", ""]"#, #"["", ""]"#, #""https://h/\u0000""#], bad)
            + rows(.list, "items[0].\($0)", ["[]", #""""#, #"[""]"#, #""https://h/x""#, #"["https://h/x"]"#], ok)
    }
    + rows(.list, "items[0].is_archived", absent + ["false"], ok)
    + rows(.list, "items[0].is_archived", ["1", #""true""#, "{}"], bad)
    + rows(.list, "items[0].is_archived", ["true"], "productConflict")
    + rows(.list, "items[0].statuses", absent + ["{}"], ok)
    + rows(.list, "items[0].statuses", ["[]", "5", #""x""#], bad)
    + rows(.list, "items[0].statuses.is_created", absent + ["true"], ok)
    + rows(.list, "items[0].statuses.is_created", ["0", #""true""#, "[]"], bad)
    + rows(.list, "items[0].statuses.is_created", ["false"], "productConflict")
    + rows(.list, "items[1]", [#"{"id": 1, "offer_id": "B", \#(pictures)}"#, #"{"id": 1, "offer_id": "A-1"}"#], bad)
    + rows(.list, "items[1]", [#"{"id": 1, "offer_id": "A-1", \#(pictures)}"#, #"{"id": 2, "offer_id": 5}"#], ok)
    // Members that are not used may have any value.
    + ["sku", "sources", "errors", "extra"].flatMap { rows(.list, "items[0].\($0)", absent + ["{}", "[5]", "5"], ok) }
    + rows(.list, "extra", ["{}"], ok)

private let pictureRows =
    rows(.pictures, "", ["[]", "null"], bad)
    + rows(.pictures, "task_id", absent + ["{}", "[]", "true", "0", "-1", "1.5", #""x""#, #""""#], bad)
    + rows(.pictures, "task_id", [#""7""#], ok) + rows(.pictures, "extra", ["{}"], ok)

private let error = "result.items[0].errors[0]"
/// After an invalid response about its task a push stays pending; push-status reports the reason.
private let taskRows =
    rows(.task, "", ["[]", "null"], "pending", bad) + rows(.task, "result", absent + ["[]", "5"], "pending", bad)
    + rows(.task, "result.items", absent + notList, "pending", bad)
    + rows(.task, "result.items", ["[]"], "pending", "pending")
    + rows(.task, "result.items[0]", ["null", "5", "[]", "{}"], "pending")
    + rows(.task, "result.items[0].offer_id", absent + notText + [#""""#, #""B-1""#, #""a-1""#], "pending")
    + rows(.task, "result.items[0].product_id", ["{}", "[]", "true", "-1", #""x""#, "1.5"], "pending", bad)
    + rows(.task, "result.items[0].product_id", ["2"], "pending", bad)
    + rows(.task, "result.items[0].product_id", absent + ["0", #""0""#], ok)
    + rows(.task, "result.items[0].product_id", [#""1""#], ok, ok)
    + rows(.task, "result.items[0].status", absent + notText + [#""""#, #""Imported""#, #""done""#], "pending", bad)
    + rows(.task, "result.items[0].status", [#""pending""#], "pending", "pending")
    + rows(.task, "result.items[0].status", [#""skipped""#], ok, ok)
    + rows(.task, "result.items[0].status", [#""failed""#], "failed", "failed")
    + rows(.task, "result.items[0].errors", absent + ["[]"], ok, ok)
    + rows(.task, "result.items[0].errors", ["[{}]"], ok, ok)
    + rows(.task, "result.items[0].errors", notList + ["[5]", "[null]", #"["x"]"#], "pending", bad)
    + ["code", "field", "message", "description"].flatMap {
        rows(.task, "\(error).\($0)", absent + [#""""#], ok, ok)
            + rows(.task, "\(error).\($0)", notText, "pending", bad)
    }
    + rows(.task, "\(error).level", notText, "pending", bad)
    + rows(.task, "\(error).level", [#""error""#, #""unknown""#], "failed", "failed")
    + rows(.task, "\(error).level", absent + [#""""#], ok, ok)
    + rows(.task, "\(error).texts", ["[]", "5", #"{"message": 5}"#], "pending", bad)
    + rows(.task, "\(error).extra", ["{}"], ok, ok) + rows(.task, "result.total", absent + ["{}"], ok, ok)
    + rows(.task, "result.items[1]", [#"{"offer_id": "B", "product_id": 2, "status": "failed"}"#], ok, ok)
    + rows(
        .task, "result.items[1]", [#"{"offer_id": "A-1", "product_id": 1, "status": "failed"}"#], "pending", bad)

private let readBackRows =
    rows(.readBack, "", ["[]", "null"], "pending", bad) + rows(.readBack, "items", absent + notList, "pending", bad)
    + rows(.readBack, "items", ["[]"], "pending", gone)
    + rows(.readBack, "items[0]", ["null", "5", "[]", "{}"], "pending", bad)
    + rows(.readBack, "items[0].product_id", absent + ["{}", "true", "0", #""x""#], "pending", bad)
    + rows(.readBack, "items[0].product_id", ["2"], "pending", gone)
    + rows(.readBack, "items[0].product_id", [#""1""#], ok, ok)
    + rows(.readBack, "items[1]", [#"{"product_id": 1, "primary_photo": "https://h/p"}"#], "pending", bad)
    + rows(.readBack, "items[1]", [#"{"product_id": 2}"#], ok, ok)
    + ["primary_photo", "photo", "color_photo"].flatMap { rows(.readBack, "items[0].\($0)", notURLs, "pending", bad) }
    // One of the images that were carried over, or the color image, is missing.
    + ["primary_photo", "photo", "color_photo"].flatMap {
        rows(.readBack, "items[0].\($0)", ["[]", #""""#], "partial") + rows(.readBack, "items[0].\($0)", [#""u""#], ok)
    }
    + rows(.readBack, "items[0].errors", absent + ["[]"], ok, ok)
    + rows(.readBack, "items[0].errors", ["[{}]"], "partial", "partial")
    + rows(.readBack, "items[0].errors", notList + ["[5]", #"["x"]"#], "pending", bad)
    + rows(.readBack, "items[0].errors[0]", [#"{"url": 5}"#, #"{"message": {}}"#], "pending", bad)
    + rows(.readBack, "items[0].errors[0]", [#"{"url": "https://h/c", "message": "Small"}"#], "partial", "partial")
    + rows(.readBack, "items[0].extra", ["{}"], ok, ok)

private let picture = "result.pictures[0]"
private let v1Rows =
    rows(.v1, "", ["[]", "null"], bad) + rows(.v1, "result", absent + ["[]", "5"], bad)
    + rows(.v1, "result.pictures", absent + notList, bad) + rows(.v1, "result.pictures", ["[]"], ok)
    + rows(.v1, picture, ["null", "5", "[]", "{}"], bad) + rows(.v1, "\(picture).url", absent + notText + [#""""#], bad)
    + rows(.v1, "\(picture).state", absent + notText + [#""""#, #""done""#], bad)
    + rows(.v1, "\(picture).state", [#""uploaded""#, #""pending""#], ok)
    + rows(.v1, "\(picture).state", [#""failed""#], "failed")
    + rows(.v1, "\(picture).is_360", absent + ["true"], ok)
    + rows(.v1, "\(picture).is_360", ["1", #""true""#, "{}"], bad)
    + rows(.v1, "\(picture).extra", ["{}"], ok)

/// The valid responses in the order in which a push reads them, and last v1's, which replaces the second and third.
private let validResponses = [
    #"""
    {"items": [{"id": 1, "offer_id": "A-1", "sku": 5, "primary_image": ["https://h/p"], "images": ["https://h/o"],
     "color_image": ["https://h/oldc"], "is_archived": false, "statuses": {"is_created": true}}]}
    """#,
    #"{"task_id": 7}"#,
    #"""
    {"result": {"total": 1, "items": [{"offer_id": "A-1", "product_id": 1, "status": "imported", "errors": [
     {"code": "c", "level": "warning", "field": "pictures", "message": "m", "description": "d"}]}]}}
    """#,
    #"""
    {"items": [{"product_id": 1, "primary_photo": ["https://h/p"], "photo": ["https://h/o"],
     "color_photo": ["https://h/c"], "errors": []}]}
    """#,
    #"{"result": {"pictures": [{"url": "https://h/c", "state": "imported", "is_360": false}]}}"#,
]

/// - Parameter path: such as `items[0].id`; empty for the whole value.
private func replacing(_ path: Substring, in value: Any, by new: Any?) -> Any? {
    if path.isEmpty { return new }
    let isIndex = path.first == "["
    let rest = path.drop { $0 == "." || $0 == "[" }
    let name = rest.prefix { $0 != "." && $0 != "[" && $0 != "]" }
    let tail = rest.dropFirst(name.count).drop { $0 == "]" }
    if isIndex {
        var list = value as! [Any]
        let index = Int(name)!
        let element = replacing(tail, in: index < list.count ? list[index] : NSNull(), by: new)
        list.replaceSubrange(index..<min(index + 1, list.count), with: element.map { [$0] } ?? [])
        return list
    }
    var object = value as! [String: Any]
    object[String(name)] = replacing(tail, in: object[String(name)] ?? NSNull(), by: new)
    return object
}

private func parsed(_ text: String) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
}

@Suite(.timeLimit(.minutes(5)))
struct ResponseTableTests {
    private func responses(_ row: Row) throws -> [ScriptedServer.Step] {
        var texts = validResponses
        let new = try row.value.map(parsed)
        let changed = replacing(Substring(row.path), in: try parsed(validResponses[row.method.rawValue]), by: new)
        let data = try JSONSerialization.data(withJSONObject: changed ?? NSNull(), options: .fragmentsAllowed)
        texts[row.method.rawValue] = text(Array(data))
        let order = row.method == .v1 ? [texts[0], texts[4], texts[3]] : Array(texts.prefix(4))
        return order.flatMap { [.receive, http($0)] }
    }

    /// The status of the result, or the error code of the fault and its detail.
    private func result(_ work: () async throws -> PushResult) async throws -> (String, detail: String?) {
        do { return (try await work().status.rawValue, nil) } catch let fault as Fault {
            return ("\(fault.code)", fault.detail)
        }
    }

    private func push(_ row: Row) async throws {
        let server = try ScriptedServer(try responses(row) + [.stall], [.stall])
        // An invalid response is requested again until the deadline. A call may take all of the time, so that a slow
        // machine causes no second import.
        let limits = row.push == "pending" ? (seconds: "6", retries: "0") : (seconds: "30", retries: "2")
        let environment = [
            "OZON_PUSH_TIMEOUT": limits.seconds, "OZON_PUSH_MAX_RETRIES": limits.retries,
            "OZON_PICTURES_API": row.method == .v1 ? "v1" : "v2",
        ]
        let push = Push(pushTools(server, environment), as: try credential())
        let request = try pictures(#"{"color_image": "https://h/c"}"#)
        let (result, detail) = try await result { try await push.run(request, productID: 1, refetchToken: nil) }
        #expect(result == row.push, "\(row.name): \(detail ?? "")")
        if result == bad, !row.path.isEmpty {
            let last = String(row.path.split(separator: ".").last?.prefix { $0 != "[" } ?? "")
            #expect(detail?.contains(last) == true, "\(row.name): \(detail ?? "")")
        }
        let isSent = row.method != .list || row.push == ok
        #expect(server.requests.count { $0.contains("pictures/import") } == (isSent ? 1 : 0), "\(row.name)")
    }

    private func status(_ row: Row) async throws {
        let server = try ScriptedServer(Array(try responses(row).dropFirst(4)) + [.stall], [.stall])
        let push = Push(pushTools(server), as: try credential())
        let request = try pictures(#"{"color_image": "https://h/c"}"#)
        let (result, detail) = try await result {
            try await push.status(ofTask: 7, request, productID: 1, refetches: false)
        }
        #expect(result == row.status, "\(row.name): \(detail ?? "")")
        #expect(!server.requests.contains { $0.contains("pictures/import") }, "\(row.name)")
    }

    @Test func `Every response in the table has its result, and nothing is sent after an invalid product list`()
        async throws
    {
        let all = listRows + pictureRows + taskRows + readBackRows + v1Rows
        // The pending rows, which take until the deadline, are last. The number at a time is limited because each row
        // has its own server.
        let rows = all.filter { $0.push != "pending" } + all.filter { $0.push == "pending" }
        for part in stride(from: 0, to: rows.count, by: 25).map({ rows[$0..<min($0 + 25, rows.count)] }) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for row in part {
                    group.addTask { try await push(row) }
                    if row.status != nil { group.addTask { try await status(row) } }
                }
                try await group.waitForAll()
            }
        }
    }
}
