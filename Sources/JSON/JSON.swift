/// A JSON text as a tree (RFC 8259).
package enum JSON: Sendable {
    case null
    case bool(Bool)
    /// A number that is written without fraction and exponent and fits into 64 bits. `1e3` is not an integer.
    case integer(Int)
    /// Any other number, as it is written.
    case number(String)
    case string(String)
    case array([JSON])
    case object([(name: String, value: JSON)])

    package struct Invalid: Error, Equatable {}

    /// The treatment of objects that have two members of the same name.
    package enum Duplicates: Sendable {
        /// The text is invalid, because parsers disagree about which member wins. Used for clients' requests.
        case rejected
        /// The last member wins. Used for upstreams' responses, which may contain duplicates.
        case lastWins
    }

    /// Only the first `maxElements + 1` elements of an array are kept. That exceeds the limit of every list in a
    /// request, so a longer array is rejected without using memory for the rest: one megabyte of JSON can hold half a
    /// million elements.
    static let maxElements = 100_000

    /// - Parameters:
    ///   - bytes: UTF-8 without a byte order mark.
    ///   - maxDepth: how deep arrays and objects may be nested.
    package init(_ bytes: [UInt8], duplicates: Duplicates, maxDepth: Int = 32) throws(Invalid) {
        var result: Result<JSON, Invalid> = .failure(Invalid())
        bytes.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(bytes: buffer, duplicates: duplicates, maxDepth: maxDepth)
            do throws(Invalid) { result = .success(try reader.document()) } catch {}
        }
        self = try result.get()
    }

    /// A member of an object. Nil if there is none, if it is null, or if this isn't an object.
    package subscript(name: StaticString) -> JSON? {
        guard case .object(let members) = self else { return nil }
        let found = members.last { isName($0.name, name) }?.value
        if case .null = found { return nil }
        return found
    }

    /// Whether an object has several members of that name.
    package func repeats(_ name: StaticString) -> Bool {
        guard case .object(let members) = self else { return false }
        return members.count { isName($0.name, name) } > 1
    }

    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var array: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
    /// The elements of an array that holds only strings.
    package var strings: [String]? {
        guard let elements = array else { return nil }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? texts : nil
    }
}

/// Compares by bytes.
private func isName(_ text: String, _ name: StaticString) -> Bool {
    var text = text
    return text.withUTF8 { $0.count == name.utf8CodeUnitCount && $0.elementsEqual(UnsafeBufferPointer(name)) }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate init(_ text: StaticString) {
        self.init(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}
