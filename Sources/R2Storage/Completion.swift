import Encoding
import Core
import R2

/// A part as the browser claims to have sent it: `{"part_number": 1, "etag": "9b2cf535f27731c974343645a3985328"}`.
package struct ClaimedPart: Sendable {
    let number: Int
    /// Hex, with `-N` allowed, in lower case and without quotes: nothing in it can be read as XML.
    let etag: String

    package init(_ fields: Fields) throws(InvalidFields) {
        let number = fields.integer("part_number", in: 1...PartPlan.maxParts)
        let etag = fields.text("etag", maxBytes: 128) { isETag(unquoted($0)) }
        self.number = try fields.require(number)
        self.etag = unquoted(try fields.require(etag)).lowercased()
    }
}

/// The `N` of an ETag that ends in `-N`: its object was made of so many parts. nil: it was put in one piece.
private func partCount(_ etag: String) -> Int? {
    let halves = etag.split(separator: "-", omittingEmptySubsequences: false)
    guard halves.count == 2, isETag(etag), let count = positiveInteger(String(halves[1])) else { return nil }
    return count <= PartPlan.maxParts ? count : nil
}

private func isETag(_ text: String) -> Bool {
    let halves = text.utf8.split(separator: .hyphen, maxSplits: 1, omittingEmptySubsequences: false)
    let isHex = halves[0].allSatisfy { Character(Unicode.Scalar($0)).isHexDigit } && !halves[0].isEmpty
    return isHex && (halves.count == 1 || positiveInteger(String(Substring(halves[1]))) != nil)
}

/// Completes an upload: checks the parts against R2's rules before R2 does, completes, reads the object back.
package struct Completion: Sendable {
    private let storage: Storage
    private let key: ObjectKey
    private let uploadID: String

    package init(storage: Storage, key: ObjectKey, uploadID: String) {
        self.storage = storage
        self.key = key
        self.uploadID = uploadID
    }

    /// - Parameter size: what the object must have, if told.
    /// - Parameter claimed: nil: what R2 holds counts.
    package func run(size: Int?, claimed: [ClaimedPart]?) async throws -> (size: Int, etag: String) {
        guard let stored = try await storedParts() else {
            return try await alreadyComplete(size: size, claimed: claimed)
        }
        let parts = try chosen(stored, claimed)
        try check(parts, size: size)
        let etag = try await complete(parts)
        let object = try await storage.object(key)
        let size = parts.reduce(0) { $0 + $1.size }
        guard let etag else {
            // R2's answer was lost, and with it the ETag: only the parts themselves can prove that the object is
            // theirs.
            guard let object, object.size == size, isMade(object.etag, of: parts) == true else {
                throw Fault(.uploadNotFound)
            }
            return object
        }
        guard let object, object.size == size, object.etag == etag, isMade(object.etag, of: parts) != false else {
            throw Fault(.storageRefused, detail: "The stored object is not the one completed")
        }
        return object
    }

    /// Nil if R2 doesn't know the upload.
    private func storedParts() async throws(StorageError) -> [StoredPart]? {
        do throws(StorageError) {
            return try await storage.parts(key, upload: uploadID)
        } catch {
            if error.isNoSuchUpload { return nil }
            throw error
        }
    }

    /// The ETag of the object. Nil if R2 no longer knows the upload: it completed the upload, its response was lost, and the call was
    /// repeated.
    private func complete(_ parts: [StoredPart]) async throws(StorageError) -> String? {
        do throws(StorageError) {
            return try await storage.completeUpload(key, upload: uploadID, parts)
        } catch {
            if error.isNoSuchUpload { return nil }
            throw error
        }
    }

    /// R2 doesn't know the upload. It was completed by an earlier call if the object has that size and was made of
    /// parts, and of the very parts that the caller names, if it names any. Anything else may be another upload's
    /// object.
    private func alreadyComplete(size: Int?, claimed: [ClaimedPart]?) async throws -> (size: Int, etag: String) {
        guard let object = try await storage.object(key) else { throw Fault(.uploadNotFound) }
        let parts = claimed.map { claimed in
            claimed.map { StoredPart(number: $0.number, size: 0, etag: $0.etag) }.sorted { $0.number < $1.number }
        }
        let isProven =
            parts.map { isMade(object.etag, of: $0) == true } ?? (size != nil && partCount(object.etag) != nil)
        guard isProven, size == nil || size == object.size else { throw Fault(.uploadNotFound) }
        return object
    }

    /// Whether an object's ETag is that of these parts; nil: a part's ETag is no MD5, so only their number is known to
    /// agree.
    private func isMade(_ etag: String, of parts: [StoredPart]) -> Bool? {
        guard let expected = multipartETag(parts) else { return partCount(etag) == parts.count ? nil : false }
        return etag.lowercased() == expected
    }

    /// The stored parts that the caller claims, with its ETags compared.
    private func chosen(_ stored: [StoredPart], _ claimed: [ClaimedPart]?) throws(Fault) -> [StoredPart] {
        guard let claimed else { return stored }
        let held = Dictionary(stored.map { ($0.number, $0) }) { _, last in last }
        var faults: [FieldFault] = []
        var seen: Set<Int> = []
        for (index, part) in claimed.enumerated() {
            let field = "parts[\(index)]"
            if !seen.insert(part.number).inserted {
                faults.append(FieldFault(field: "\(field).part_number", reason: "Must not be repeated"))
            } else if held[part.number] == nil {
                faults.append(FieldFault(field: "\(field).part_number", reason: "Part \(part.number) was not uploaded"))
            } else if held[part.number]?.etag.lowercased() != part.etag {
                faults.append(FieldFault(field: "\(field).etag", reason: "Differs from the stored part's"))
            }
        }
        if !faults.isEmpty { throw Fault(errors: faults) }
        return stored.filter { seen.contains($0.number) }
    }

    /// R2's rules: numbers 1…n without a gap, all parts equal but the last, which is not larger, at least 5 MiB but the
    /// last.
    private func check(_ parts: [StoredPart], size: Int?) throws(Fault) {
        var faults: [FieldFault] = []
        func fail(_ field: String, _ reason: String) { faults.append(FieldFault(field: field, reason: reason)) }

        guard let first = parts.first, let last = parts.last else {
            throw Fault(errors: [FieldFault(field: "parts", reason: "No part was uploaded")])
        }
        let held = Set(parts.map(\.number))
        for number in 1...last.number where !held.contains(number) { fail("parts", "Part \(number) is missing") }
        for part in parts.dropLast() {
            if part.size != first.size {
                fail("parts", "Part \(part.number) has \(part.size) bytes, part \(first.number) has \(first.size)")
            } else if part.size < PartPlan.sizes.lowerBound {
                fail("parts", "Part \(part.number) has \(part.size) bytes, fewer than \(PartPlan.sizes.lowerBound)")
            }
        }
        if last.size > first.size {
            fail("parts", "The last part has \(last.size) bytes, more than the others' \(first.size)")
        }
        let sum = parts.reduce(0) { $0 + $1.size }
        if let size, sum != size { fail("size", "The parts have \(sum) bytes") }
        if !faults.isEmpty { throw Fault(errors: faults) }
    }
}
