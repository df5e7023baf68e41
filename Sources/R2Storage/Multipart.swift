import Core
import Encoding
import HTTPClient
import R2

/// Multipart uploads. Sources: Cloudflare, "S3 API compatibility"; AWS, the operations' pages.
extension Storage {
    /// - Returns: the upload's id: 1…2048 bytes, as `Fields.uploadID` accepts it.
    package func createUpload(_ key: ObjectKey, contentType: String?) async throws(StorageError) -> String {
        let operation = ObjectOperation.createUpload
        let response = try await send(
            operation.method, key, parameters: operation.parameters(),
            headers: contentType.map { ["content-type": $0] } ?? [:], body: .bytes([]))
        let result = try xml(response, "InitiateMultipartUploadResult")
        guard let id = result["UploadId"], (1...2048).contains(id.utf8.count), !containsControl(id) else {
            throw .unusable
        }
        return id
    }

    /// R2 lists 1000 parts per page, so ten pages suffice. 100 allows for smaller pages and stops a listing that never
    /// ends.
    private static let maxPages = 100

    /// All parts, sorted by number, or nil if R2 has no such upload. Each page must continue where the previous one
    /// ended, and all pages together must not have more parts than an upload can have.
    package func parts(_ key: ObjectKey, upload: String) async throws(StorageError) -> [StoredPart]? {
        var parts: [StoredPart] = []
        var marker = 0
        for _ in 0..<Self.maxPages {
            guard let response = try await send(.listParts, key, upload: upload, marker: marker) else { return nil }
            let list = try xml(response, "ListPartsResult")
            for element in list.children where element.name == "Part" {
                guard let part = StoredPart(element), part.number > marker, parts.count < PartPlan.maxParts else {
                    throw .unusable
                }
                parts.append(part)
            }
            switch list["IsTruncated"] {
            case "false":
                if Set(parts.map(\.number)).count != parts.count { throw .unusable }
                return parts.sorted { $0.number < $1.number }
            case "true": break
            default: throw .unusable
            }
            guard let next = list["NextPartNumberMarker"].flatMap(positiveInteger), next > marker,
                next <= PartPlan.maxParts
            else { throw .unusable }
            marker = next
        }
        throw .unusable
    }

    /// - Returns: the object's ETag, without quotes, or nil if R2 has no such upload.
    package func completeUpload(
        _ key: ObjectKey, upload: String, _ parts: [StoredPart]
    ) async throws(StorageError) -> String? {
        var body: [UInt8] = []
        body.append("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">")
        for part in parts {
            body.append(text: "<Part><PartNumber>\(part.number)</PartNumber><ETag>\"\(part.etag)\"</ETag></Part>")
        }
        body.append("</CompleteMultipartUpload>")
        let response = try await send(
            .completeUpload, key, upload: upload, headers: ["content-type": "application/xml"], body: .bytes(body),
            timeout: .seconds(60))
        guard let response else { return nil }
        guard let etag = try xml(response, "CompleteMultipartUploadResult")["ETag"] else { throw .unusable }
        return unquoted(etag)
    }

    /// Deletes an upload and its parts. Idempotent.
    package func abortUpload(_ key: ObjectKey, upload: String) async throws(StorageError) {
        let response: HTTPClient.Response?
        do throws(StorageError) { response = try await send(.abortUpload, key, upload: upload) } catch {
            // OpenStack Swift's error for an upload that has been completed. R2's is NoSuchUpload.
            if case .refused(_, "NoSuchKey", _) = error { return }
            throw error
        }
        // R2 returns 204 without a body; a proxy's page has one.
        if let response, !response.body.isEmpty { throw .unusable }
    }

    /// - Returns: nil if R2 has no such upload.
    private func send(
        _ operation: ObjectOperation, _ key: ObjectKey, upload: String, marker: Int? = nil, headers: Headers = [:],
        body: HTTPClient.Request.Body = .none, timeout: Duration = .seconds(10)
    ) async throws(StorageError) -> HTTPClient.Response? {
        do throws(StorageError) {
            return try await send(
                operation.method, key, parameters: operation.parameters(uploadID: upload, marker: marker),
                headers: headers, body: body, timeout: timeout)
        } catch {
            if error.isNoSuchUpload { return nil }
            throw error
        }
    }

    private func xml(_ response: HTTPClient.Response, _ root: String) throws(StorageError) -> XML {
        guard let xml = try? XML(response.body), xml.name == root else { throw .unusable }
        return xml
    }
}
