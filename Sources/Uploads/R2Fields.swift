import Core
import R2

extension Fields {
    /// The keys that the settings, nginx's `R2_PREFIX` and the scope of the request's API key all allow, or every key
    /// if the request neither stores nor signs anything.
    package func allowedKeys(_ rules: UploadRules, storesOrSigns: Bool = true) -> AllowedPrefixes {
        storesOrSigns ? caller.keyPrefixes.reduce(rules.prefixes) { $0.narrowed(by: $1) } : .all
    }

    /// An allowed key. If the key is not allowed, the request is denied with 403, unless it has other faults.
    package func objectKey(_ name: StaticString, _ rules: UploadRules, among siblings: DistinctPaths? = nil)
        -> ObjectKey?
    {
        guard let text = string(name) else { return nil }
        if text.isEmpty {
            fail(name, "Must not be empty")
            return nil
        }
        func checkDistinct(_ path: String) {
            if siblings?.insert(path) == false { fail(name, "Invalid path: duplicate") }
        }
        do throws(ObjectKeyError) {
            let key = try allowedKeys(rules).key(text)
            checkDistinct(key.text)
            return key
        } catch {
            switch error {
            case .notAllowed(let path):
                checkDistinct(path)
                forbid()
            case .invalid: fail(name, error.reason)
            }
            return nil
        }
    }

    /// The media type of an upload, one of `R2_ALLOWED_TYPES`, in the form in which it is stored.
    package func contentType(_ rules: UploadRules, named name: StaticString = "content_type") -> String? {
        guard let text = string(name, required: rules.requiresType) else { return nil }
        if let type = rules.allowedType(text) { return type }
        fail(name, "Must be one of \(rules.types.joined(separator: ", "))")
        return nil
    }

    /// R2's id of a multipart upload: an opaque string of 1…2048 bytes.
    package func uploadID(named name: StaticString = "upload_id", required: Bool = true) -> String? {
        text(name, maxBytes: 2048, required: required) { !containsControl($0) }
    }

    /// The size of a multipart upload: 1…`maxBytes`, and at most R2's largest object.
    package func uploadSize(maxBytes: Int) -> Int? {
        integer("size", in: 1...min(maxBytes, PartPlan.maxBytes))
    }

    /// How an upload is divided into parts: by `part_size`, or by default according to its size.
    /// - Parameter size: nil if it was invalid. The result is nil then, but `part_size` is still checked.
    package func partPlan(of size: Int?, requiresPartSize: Bool = false) -> PartPlan? {
        let partSize = integer("part_size", in: PartPlan.allowedSizes, required: requiresPartSize)
        guard let size, partSize != nil || !has("part_size") else { return nil }
        if let plan = PartPlan(size: size, partSize: partSize) { return plan }
        let least = PartPlan.minPartSize(for: size)
        fail("part_size", "Must be between \(least) and \(PartPlan.allowedSizes.upperBound)")
        return nil
    }
}
