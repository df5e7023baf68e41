import Core
import R2

/// A part that the browser claims to have sent: `{"part_number": 1, "etag": "9b2cf535f27731c974343645a3985328"}`.
package struct ClaimedPart: Sendable {
    /// 1…10,000.
    let number: Int
    /// In lower case and without quotes.
    let etag: String

    package init(_ fields: Fields) throws(InvalidFields) {
        let number = fields.integer("part_number", in: 1...PartPlan.maxParts)
        let etag = fields.text("etag", maxBytes: 128) { isETag(unquoted($0)) }
        self.number = try fields.require(number)
        self.etag = unquoted(try fields.require(etag)).lowercased()
    }
}
