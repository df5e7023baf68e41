import Core
import Digest
import Encoding
import HTTPClient
import JSON
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

extension StoredPart: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("part_number", number)
            $0.member("size", size)
            $0.member("etag", etag)
        }
    }
}

/// Multipart uploads: create, list, complete, abort. Source: Cloudflare, "S3 API compatibility"; AWS, the operations' pages.
extension Storage {
    /// - Returns: the upload's id; up to some hundred characters, with `+ / =`.
    package func createUpload(_ key: ObjectKey, contentType: String?) async throws(StorageError) -> String {
        let reply = try await send(
            "POST", key, parameters: [("uploads", "")], headers: contentType.map { ["content-type": $0] } ?? [:],
            body: .bytes([]))
        let result = try xml(reply, "InitiateMultipartUploadResult")
        // The caller sends it back: what `Fields.uploadID` refuses would be of no use.
        guard let id = result["UploadId"], (1...2048).contains(id.utf8.count), !containsControl(id) else {
            throw .unusable
        }
        return id
    }

    /// R2 lists 1000 parts at a time, so ten pages hold all that an upload can have.
    private static let maxPages = 100

    /// All parts, in the order of their numbers. Each page must go on after the one before it, and all of them together
    /// must have no more parts than an upload can.
    package func parts(_ key: ObjectKey, upload: String) async throws(StorageError) -> [StoredPart] {
        var parts: [StoredPart] = []
        var marker = 0
        for _ in 0..<Self.maxPages {
            let reply = try await send(
                "GET", key, parameters: [("part-number-marker", String(marker)), ("uploadId", upload)])
            let list = try xml(reply, "ListPartsResult")
            for element in list.children where element.name == "Part" {
                guard let part = StoredPart(element), part.number > marker, parts.count < PartPlan.maxParts else {
                    throw .unusable
                }
                parts.append(part)
            }
            switch list["IsTruncated"] {
            case "false": return try distinct(parts)
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

    private func distinct(_ parts: [StoredPart]) throws(StorageError) -> [StoredPart] {
        if Set(parts.map(\.number)).count != parts.count { throw .unusable }
        return parts.sorted { $0.number < $1.number }
    }

    /// - Returns: the object's ETag, without quotes.
    package func completeUpload(
        _ key: ObjectKey, upload: String, _ parts: [StoredPart]
    ) async throws(StorageError) -> String {
        var body: [UInt8] = []
        body.append("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">")
        for part in parts {
            // Neither number nor ETag has anything that needs escaping: `StoredPart` checked them.
            body.append(text: "<Part><PartNumber>\(part.number)</PartNumber><ETag>\"\(part.etag)\"</ETag></Part>")
        }
        body.append("</CompleteMultipartUpload>")
        let reply = try await send(
            "POST", key, parameters: [("uploadId", upload)], headers: ["content-type": "application/xml"],
            body: .bytes(body),
            milliseconds: 60_000)
        guard let etag = try xml(reply, "CompleteMultipartUploadResult")["ETag"] else { throw .unusable }
        return unquoted(etag)
    }

    /// Of an upload that is gone already nothing is left to abort.
    package func abortUpload(_ key: ObjectKey, upload: String) async throws(StorageError) {
        do throws(StorageError) {
            // R2 answers 204, and a proxy's page would have a body.
            guard try await send("DELETE", key, parameters: [("uploadId", upload)]).body.isEmpty else {
                throw StorageError.unusable
            }
        } catch {
            if error.isNoSuchUpload { return }
            throw error
        }
    }

    /// The object's size and ETag; nil if it doesn't exist.
    package func object(_ key: ObjectKey) async throws(StorageError) -> (size: Int, etag: String)? {
        do throws(StorageError) {
            let reply = try await send("HEAD", key)
            guard let size = reply.headers["Content-Length"].flatMap(byteCount) else { throw StorageError.unusable }
            return (size, try reply.objectETag)
        } catch {
            if error.isNoObject { return nil }
            throw error
        }
    }

    private func xml(_ reply: HTTPClient.Response, _ root: String) throws(StorageError) -> XML {
        guard let xml = try? XML(reply.body), xml.name == root else { throw .unusable }
        return xml
    }
}

extension StoredPart {
    /// nil: not a part that R2 can hold. What is taken can be added up without overflow and written as XML.
    fileprivate init?(_ element: XML) {
        guard let number = element["PartNumber"].flatMap(positiveInteger), number <= PartPlan.maxParts,
            let size = element["Size"].flatMap(byteCount), size <= PartPlan.sizes.upperBound,
            let etag = element["ETag"].map(unquoted), (1...128).contains(etag.utf8.count), isHeaderSafe(etag),
            !etag.utf8.contains(where: { "<>&\"".utf8.contains($0) })
        else { return nil }
        self.init(number: number, size: size, etag: etag)
    }
}

private func byteCount(_ text: String) -> Int? {
    text == "0" ? 0 : positiveInteger(text)
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
    text.append(text: "-\(parts.count)")
    return String(decoding: text, as: UTF8.self)
}

package func unquoted(_ etag: String) -> String {
    etag.utf8.count >= 2 && etag.utf8.first == 0x22 && etag.utf8.last == 0x22
        ? String(etag.dropFirst().dropLast()) : etag
}
