import HTTP
import R2

/// One upload as a caller asks for it: `{"r2_path", "expires_in"?, "content_type"?, "content_length"?, "if_none_match"?}`.
package struct Upload: Sendable {
    package let key: ObjectKey
    /// Seconds, 1…604,800; 3600 unless told.
    package let expiresIn: Int
    /// What the browser must send verbatim: `content-type`, `if-none-match`.
    package let headers: [(name: String, value: String)]
    /// Signed into the URL besides `headers`; browsers set it by themselves.
    package let contentLength: Int?

    package var signedHeaders: [(name: String, value: String)] {
        guard let contentLength else { return headers }
        return headers + [("content-length", String(contentLength))]
    }

    /// nil: `fields` has noted why.
    /// - Parameter siblings: the paths of the uploads before it in one call; its own must not be among them.
    package init?(_ fields: Fields, _ rules: UploadRules, among siblings: DistinctPaths? = nil) {
        let key = fields.objectKey("r2_path", rules, among: siblings)
        let expiresIn = fields.integer("expires_in", in: 1...604_800, required: false)
        let type = fields.contentType(rules)
        contentLength = fields.integer("content_length", in: 1...rules.maxBytes, required: false)
        let condition = fields.choice("if_none_match", ["*"], required: false)
        guard let key else { return nil }
        self.key = key
        self.expiresIn = expiresIn ?? 3600
        headers = [("content-type", type), ("if-none-match", condition)].compactMap { name, value in
            value.map { (name, $0) }
        }
    }
}

/// The object keys of one call so far, those that aren't allowed included.
package final class DistinctPaths {
    private var paths: Set<String> = []

    package init() {}

    /// False: the path was there before.
    fileprivate func insert(_ path: String) -> Bool { paths.insert(path).inserted }
}

extension Fields {
    /// The keys this request may have: what the settings, nginx's `R2_PREFIX` and the scope of its API key allow.
    package func allowedKeys(_ rules: UploadRules) -> AllowedPrefixes {
        rules.prefixes.narrowed(by: caller.prefixes)
    }

    /// A key that this request may have. For another one the request is refused with 403, after all its other faults.
    package func objectKey(_ name: StaticString, _ rules: UploadRules, among siblings: DistinctPaths? = nil)
        -> ObjectKey?
    {
        guard let text = string(name) else { return nil }
        if text.isEmpty {
            fail(name, "Must not be empty")
            return nil
        }
        let result = Result { () throws(KeyRefusal) in try allowedKeys(rules).key(text) }
        switch result {
        case .success(let key):
            if siblings?.insert(key.text) == false { fail(name, "Invalid path: is given twice") }
            return key
        case .failure(.notAllowed(let path)):
            if siblings?.insert(path) == false { fail(name, "Invalid path: is given twice") }
            forbid()
        case .failure(let refusal): fail(name, refusal.reason)
        }
        return nil
    }

    /// Refuses the request with 403, after all its other faults, if objects in this folder aren't allowed.
    /// - Parameter folder: ends with `/`.
    package func requireAllowed(folder: String, _ rules: UploadRules) {
        if !allowedKeys(rules).allows(folder: folder) { forbid() }
    }

    /// The media type of an upload: one of `R2_ALLOWED_TYPES`, in the spelling it is stored with.
    package func contentType(_ rules: UploadRules) -> String? {
        guard let text = string("content_type", required: rules.requiresType) else { return nil }
        if let type = rules.allowedType(text) { return type }
        fail("content_type", "Must be one of \(rules.types.joined(separator: ", "))")
        return nil
    }

    /// R2's id of a multipart upload: opaque, up to some hundred characters.
    package func uploadID() -> String? {
        text("upload_id", maxBytes: 2048) { !containsControl($0) }
    }

    /// The bytes of a whole upload.
    package func uploadSize(maxBytes: Int) -> Int? {
        integer("size", in: 1...maxBytes)
    }

    /// How an upload of that size is cut into parts: `part_size`, if given, else what its size makes it.
    /// - Parameter size: nil if it was wrong: there is no plan then, but `part_size` is still checked.
    package func partPlan(of size: Int?, requiresPartSize: Bool = false) -> PartPlan? {
        let partSize = integer("part_size", in: PartPlan.sizes, required: requiresPartSize)
        guard let size, partSize != nil || !has("part_size") else { return nil }
        if let plan = PartPlan(size: size, partSize: partSize) { return plan }
        let least = (size + PartPlan.maxParts - 1) / PartPlan.maxParts
        fail("part_size", "Must be between \(least) and \(PartPlan.sizes.upperBound)")
        return nil
    }
}

/// `{"content-type": "image/jpeg"}`: header lines as an object.
package struct HeaderLines: JSONWritable {
    package let lines: [(name: String, value: String)]

    package init(_ lines: [(name: String, value: String)]) {
        self.lines = lines
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in for line in lines { json.member(named: line.name, line.value) } }
    }
}
