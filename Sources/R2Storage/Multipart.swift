import Core
import Digest
import HTTP
import HTTPClient
import R2

/// A part as R2 holds it.
package struct StoredPart: Sendable, Equatable {
    package let number: Int
    /// Bytes.
    package let size: Int
    /// Without quotes.
    package let etag: String

    package init(number: Int, size: Int, etag: String) {
        self.number = number
        self.size = size
        self.etag = etag
    }
}

/// Multipart uploads: create, list, complete, abort. Source: Cloudflare, "S3 API compatibility"; AWS, the operations' pages.
extension Storage {
    /// - Returns: the upload's id; up to some hundred characters, with `+ / =`.
    package func createUpload(_ key: ObjectKey, contentType: String?) async throws(StorageError) -> String {
        let reply = try await send(
            "POST", key, parameters: [("uploads", "")], headers: contentType.map { [("content-type", $0)] } ?? [],
            body: .bytes([]))
        guard let id = try xml(reply)["UploadId"], !id.isEmpty else { throw .unusable }
        return id
    }

    /// All parts, in the order of their numbers; R2 tells 1000 at a time.
    package func parts(_ key: ObjectKey, upload: String) async throws(StorageError) -> [StoredPart] {
        var parts: [StoredPart] = []
        var marker = 0
        while true {
            let reply = try await send(
                "GET", key, parameters: [("part-number-marker", String(marker)), ("uploadId", upload)])
            let list = try xml(reply)
            for element in list.children where element.name == "Part" {
                guard let number = element["PartNumber"].flatMap(positiveInteger),
                    let size = element["Size"].flatMap({ Int($0) }),
                    let etag = element["ETag"]
                else { throw .unusable }
                parts.append(StoredPart(number: number, size: size, etag: unquoted(etag)))
            }
            guard list["IsTruncated"] == "true" else { return parts.sorted { $0.number < $1.number } }
            guard let next = list["NextPartNumberMarker"].flatMap(positiveInteger), next > marker else {
                throw .unusable
            }
            marker = next
        }
    }

    /// - Returns: the object's ETag, without quotes.
    package func completeUpload(
        _ key: ObjectKey, upload: String, _ parts: [StoredPart]
    ) async throws(StorageError) -> String {
        var body: [UInt8] = []
        body.append("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">")
        for part in parts {
            // The ETag is R2's own word or was checked to be hex: nothing in it needs escaping.
            body.append("<Part><PartNumber>\(part.number)</PartNumber><ETag>\"\(part.etag)\"</ETag></Part>" as String)
        }
        body.append("</CompleteMultipartUpload>")
        let reply = try await send(
            "POST", key, parameters: [("uploadId", upload)], headers: [("content-type", "application/xml")],
            body: .bytes(body),
            milliseconds: 60_000)
        // Completing may take longer than a header can wait: the answer is 200 and its body tells.
        let result = try xml(reply)
        if result.name == "Error" { throw StorageError(reply) }
        guard let etag = result["ETag"] else { throw .unusable }
        return unquoted(etag)
    }

    /// Of an upload that is gone already nothing is left to abort.
    package func abortUpload(_ key: ObjectKey, upload: String) async throws(StorageError) {
        do throws(StorageError) {
            _ = try await send("DELETE", key, parameters: [("uploadId", upload)])
        } catch {
            if case .refused(404, let code, _) = error, code != "NoSuchBucket" { return }
            throw error
        }
    }

    /// What stands under the key: bytes and ETag. nil: nothing.
    package func object(_ key: ObjectKey) async throws(StorageError) -> (size: Int, etag: String)? {
        do throws(StorageError) {
            let headers = try await send("HEAD", key).headers
            guard let size = headers["Content-Length"].flatMap({ Int($0) }), let etag = headers["ETag"] else {
                throw StorageError.unusable
            }
            return (size, unquoted(etag))
        } catch {
            if case .refused(404, _, _) = error { return nil }
            throw error
        }
    }

    private func xml(_ reply: HTTPClient.Reply) throws(StorageError) -> XML {
        do { return try XML(reply.body) } catch { throw .unusable }
    }
}

/// The ETag a multipart object has by S3's rule: the MD5 of its parts' MD5s and their number. nil: a part's is no MD5.
package func multipartETag(_ parts: [StoredPart]) -> String? {
    var digests: [UInt8] = []
    for part in parts {
        let digits = Array(part.etag.utf8)
        guard digits.count == 32 else { return nil }
        for index in stride(from: 0, to: 32, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else {
                return nil
            }
            digests.append(byte)
        }
    }
    var text: [UInt8] = []
    text.append(hex: md5(digests))
    text.append("-\(parts.count)" as String)
    return String(decoding: text, as: UTF8.self)
}

package func unquoted(_ etag: String) -> String {
    etag.utf8.count >= 2 && etag.utf8.first == 0x22 && etag.utf8.last == 0x22
        ? String(etag.dropFirst().dropLast()) : etag
}
