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
    package init?(_ fields: Fields, _ rules: UploadRules) {
        let key = fields.objectKey("r2_path")
        let expiresIn = fields.integer("expires_in", in: 1...604_800, required: false)
        let type = fields.choice("content_type", rules.types, required: rules.requiresType)
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

extension Fields {
    package func objectKey(_ name: StaticString) -> ObjectKey? {
        guard let text = string(name) else { return nil }
        if text.isEmpty {
            fail(name, "Must not be empty")
            return nil
        }
        do throws(ObjectKey.Invalid) {
            return try ObjectKey(text)
        } catch {
            fail(name, "Invalid path: \(error.reason)")
            return nil
        }
    }
}

extension Fields {
    /// R2's id of a multipart upload: opaque, up to some hundred characters.
    package func uploadID() -> String? {
        text("upload_id", maxBytes: 2048, allows: isHeaderSafe)
    }

    /// `{"size": 104857600, "part_size"?: 5242880}`, bytes.
    /// - Parameter maxBytes: what `size` may be.
    package func partPlan(maxBytes: Int, requiresPartSize: Bool = false) -> PartPlan? {
        let size = integer("size", in: 1...maxBytes)
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
