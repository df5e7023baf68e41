import Core
import JSON
import R2

/// A part of an unfinished upload that R2 holds.
package struct StoredPart: JSONWritable, Sendable, Equatable {
    /// 1…10,000.
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

    /// Nil if the element is not a part that R2 can hold. The sizes of valid parts can be added without overflow, and
    /// their ETags need no escaping in XML.
    init?(_ element: XML) {
        guard let number = element["PartNumber"].flatMap(positiveInteger), number <= PartPlan.maxParts,
            let size = element["Size"].flatMap(byteCount), size <= PartPlan.allowedSizes.upperBound,
            let etag = element["ETag"].map(unquoted), (1...128).contains(etag.utf8.count), isHeaderSafe(etag),
            !etag.utf8.contains(where: { "<>&\"".utf8.contains($0) })
        else { return nil }
        self.init(number: number, size: size, etag: etag)
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("part_number", number)
            $0.member("size", size)
            $0.member("etag", etag)
        }
    }
}

/// A size in bytes: 0 or more.
func byteCount(_ text: String) -> Int? {
    text == "0" ? 0 : positiveInteger(text)
}
