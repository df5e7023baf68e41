import Foundation
import Synchronization
import TestSupport

/// A request to ozon-download for metadata. `more` replaces members; NSNull removes one.
func downloadBody(
    _ articles: [String], clientID: String = newClientID(), key: String = "good", _ more: [String: Any] = [:]
) -> String {
    body(
        [
            "credential": ["client_id": clientID, "api_key": key], "articles": articles, "user_id": "test-user",
            "download_images": false,
        ], more)
}

/// A request to a push endpoint. `more` replaces members; NSNull removes one.
func pushBody(
    _ productID: Int, clientID: String = newClientID(), key: String = "good", _ more: [String: Any] = [:]
) -> String {
    body(["credential": ["client_id": clientID, "api_key": key], "product_id": productID], more)
}

private func body(_ members: [String: Any], _ more: [String: Any]) -> String {
    jsonText(members.merging(more) { $1 }.filter { !($0.value is NSNull) })
}

/// URLs of pictures that no other test pushes.
func pictures(_ count: Int, _ name: String = "p") -> [String] {
    (0..<count).map { _ in "https://img.example/\(newClientID())/\(name).jpg" }
}

/// A Client-Id that nothing else in this run uses, so that the stand-in's record can be filtered by it.
func newClientID() -> String {
    lastClientID.withLock { last in
        last += 1
        return String(last)
    }
}

private let lastClientID = Mutex(1000)
