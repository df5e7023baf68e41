/// A JSON text as a tree (RFC 8259). Integers are those written without fraction and exponent that fit 64 bits: `1e3`
/// is none.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// Any other number, as written.
    case number(String)
    case string(String)
    case array([JSON])
    case object([(name: String, value: JSON)])

    package struct Invalid: Error, Equatable {}

    package enum Duplicates: Sendable {
        /// For callers: two values under one name would be read differently by different readers.
        case refused
        /// For upstreams, which may send what they like: the last one counts.
        case lastWins
    }

    /// Of a longer array only the first `maxElements + 1` elements are kept. That is more than any limit allows, so the
    /// array is refused, and no memory is used for the rest: one megabyte of JSON can hold half a million elements.
    static let maxElements = 100_000

    /// UTF-8 without BOM, nested at most `maxDepth` deep.
    package init(_ bytes: [UInt8], duplicates: Duplicates, maxDepth: Int = 32) throws(Invalid) {
        var result: Result<JSON, Invalid> = .failure(Invalid())
        bytes.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(bytes: buffer, duplicates: duplicates, maxDepth: maxDepth)
            do throws(Invalid) { result = .success(try reader.document()) } catch {}
        }
        self = try result.get()
    }

    /// A member of an object; nil where there is none, or this is no object, or it is null.
    package subscript(name: StaticString) -> JSON? {
        guard case .object(let members) = self else { return nil }
        let found = members.last { member in
            var text = member.name
            return text.withUTF8 { $0.count == name.utf8CodeUnitCount && $0.elementsEqual(UnsafeBufferPointer(name)) }
        }?.value
        if case .null = found { return nil }
        return found
    }

    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// An array that holds nothing but strings.
    package var strings: [String]? {
        guard let elements = array else { return nil }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? texts : nil
    }
    package var array: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate init(_ text: StaticString) {
        self.init(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}
