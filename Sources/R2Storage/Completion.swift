import Core
import R2
import Telemetry

/// Completes an upload: checks the parts against R2's rules before R2 does, completes it, and reads the object back.
package struct Completion: Sendable {
    private let storage: Storage
    private let key: ObjectKey
    private let uploadID: String

    package init(storage: Storage, key: ObjectKey, uploadID: String) {
        self.storage = storage
        self.key = key
        self.uploadID = uploadID
    }

    /// - Parameter size: the size that the object must have, or nil if the caller didn't state it.
    /// - Parameter claimed: the parts that the caller sent, or nil for all parts that R2 holds.
    package func run(size: Int?, claimed: [ClaimedPart]?) async throws -> StoredObject {
        guard let stored = try await storage.parts(key, upload: uploadID) else {
            return try await completedObject(size: size, claimed: claimed)
        }
        let parts = try select(claimed, from: stored)
        try check(parts, size: size)
        let etag = try await storage.completeUpload(key, upload: uploadID, parts)
        let object = try await storage.headObject(key)
        let storedSize = parts.reduce(0) { $0 + $1.size }
        guard let etag else {
            // R2 completed the upload but its response was lost, so that a retry found no upload. Without an ETag, only
            // the parts can prove that the object was made of them.
            guard let object, object.size == storedSize, matches(object.etag, parts) == true else {
                throw Fault(.uploadNotFound)
            }
            return object
        }
        guard let object, object.size == storedSize, object.etag == etag, matches(object.etag, parts) != false else {
            throw Fault(.storageRefused, detail: "The stored object does not match the completed upload")
        }
        return object
    }

    /// The object of an upload that an earlier request completed. The object must have the caller's size and be made of
    /// the caller's parts, or of any parts if the caller names none. Otherwise it may be the object of another upload.
    private func completedObject(size: Int?, claimed: [ClaimedPart]?) async throws -> StoredObject {
        guard let object = try await storage.headObject(key) else { throw Fault(.uploadNotFound) }
        let parts = claimed.map { claimed in
            claimed.map { StoredPart(number: $0.number, size: 0, etag: $0.etag) }.sorted { $0.number < $1.number }
        }
        let isProven =
            parts.map { matches(object.etag, $0) == true } ?? (size != nil && partCount(object.etag) != nil)
        guard isProven, size == nil || size == object.size else { throw Fault(.uploadNotFound) }
        return object
    }

    /// Whether an object's ETag is that of these parts. Nil if only their number is known to match, because a part's
    /// ETag is not an MD5.
    private func matches(_ etag: String, _ parts: [StoredPart]) -> Bool? {
        guard let expected = multipartETag(parts) else { return partCount(etag) == parts.count ? nil : false }
        return etag.lowercased() == expected
    }

    /// The stored parts with the claimed numbers.
    /// - Throws: if a part is claimed twice, was not uploaded, or has another ETag.
    private func select(_ claimed: [ClaimedPart]?, from stored: [StoredPart]) throws(Fault) -> [StoredPart] {
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

    /// Checks R2's rules: numbers 1…n without gaps, and equal parts of at least 5 MiB, but the last may be smaller.
    private func check(_ parts: [StoredPart], size: Int?) throws(Fault) {
        var faults: [FieldFault] = []
        func fail(_ field: String, _ reason: String) { faults.append(FieldFault(field: field, reason: reason)) }

        guard let first = parts.first, let last = parts.last else {
            throw Fault(errors: [FieldFault(field: "parts", reason: "No part was uploaded")])
        }
        let minimum = PartPlan.allowedSizes.lowerBound
        let held = Set(parts.map(\.number))
        for number in 1...last.number where !held.contains(number) { fail("parts", "Part \(number) is missing") }
        for part in parts.dropLast() {
            if part.size != first.size {
                fail("parts", "Part \(part.number) has \(part.size) bytes, part \(first.number) has \(first.size)")
            } else if part.size < minimum {
                fail("parts", "Part \(part.number) has \(part.size) bytes, fewer than \(minimum)")
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
