/// The members of one JSON object of a request, read by name. A reader answers nil (or the default) where a value is
/// wrong and notes the fault, so that one pass over the fields finds all that is wrong, in the order they are read.
///
/// `null` counts as absent, unknown members are ignored. An integer may be written as a string of digits.
package struct Fields {
    private let members: JSON
    /// What goes before a name in a fault: `credential.`, `items[3].`.
    private let path: String
    private let faults: Faults

    private final class Faults {
        var list: [(fault: FieldFault, isReport: Bool)] = []
    }

    /// - Throws: the body itself is no JSON, or no object.
    package init(body: [UInt8]) throws(Fault) {
        let json: JSON
        do { json = try JSON(body, duplicates: .refused) } catch { throw Self.bodyFault("Invalid JSON") }
        guard case .object = json else { throw Self.bodyFault("Must be an object") }
        self.init(members: json, path: "", faults: Faults())
    }

    package static func bodyFault(_ reason: String) -> Fault {
        Fault(errors: [FieldFault(field: "body", reason: reason)])
    }

    private init(members: JSON, path: String, faults: Faults) {
        self.members = members
        self.path = path
        self.faults = faults
    }

    /// All that was wrong with what has been read, as one fault.
    package func check() throws(Fault) {
        if faults.list.contains(where: { !$0.isReport }) { throw Fault(errors: faults.list.map(\.fault)) }
    }

    package func fail(_ name: StaticString, index: Int? = nil, url: String? = nil, _ reason: String) {
        fail(FieldFault(field: "\(path)\(name)", index: index, url: url, reason: reason))
    }

    /// A fault found elsewhere, with its whole path.
    package func fail(_ fault: FieldFault) {
        faults.list.append((fault, false))
    }

    /// What is wrong, but no reason to refuse the request: listed in its place if something else is one.
    package func report(_ fault: FieldFault) {
        faults.list.append((fault, true))
    }

    package var reports: [FieldFault] { faults.list.filter(\.isReport).map(\.fault) }

    /// What was reported is a reason after all.
    package func failReports() {
        for index in faults.list.indices { faults.list[index].isReport = false }
    }

    private func value(_ name: StaticString, required: Bool) -> JSON? {
        let value = members[name]
        if value == nil, required { fail(name, "Field required") }
        return value
    }

    private func typed<T>(_ name: StaticString, required: Bool, _ what: String, _ convert: (JSON) -> T?) -> T? {
        guard let value = value(name, required: required) else { return nil }
        let converted = convert(value)
        if converted == nil { fail(name, "Must be \(what)") }
        return converted
    }

    package func string(_ name: StaticString, required: Bool = true) -> String? {
        typed(name, required: required, "a string", \.string)
    }

    /// A string with at least one and at most `maxBytes` bytes that `allows` has nothing against.
    package func text(_ name: StaticString, maxBytes: Int, allows: (String) -> Bool) -> String? {
        guard let text = string(name) else { return nil }
        if text.isEmpty {
            fail(name, "Must not be empty")
        } else if text.utf8.count > maxBytes {
            fail(name, "Exceeds limit (\(maxBytes))")
        } else if !allows(text) {
            fail(name, "Invalid characters")
        } else {
            return text
        }
        return nil
    }

    package func bool(_ name: StaticString, default value: Bool) -> Bool {
        typed(name, required: false, "true or false", \.bool) ?? value
    }

    package func integer(_ name: StaticString, in range: ClosedRange<Int>, required: Bool = true) -> Int? {
        guard let value = typed(name, required: required, "an integer", wholeNumber) else { return nil }
        if range.contains(value) { return value }
        fail(name, "Must be between \(range.lowerBound) and \(range.upperBound)")
        return nil
    }

    package func choice(_ name: StaticString, _ choices: [String], default value: String) -> String {
        choice(name, choices, required: false) ?? value
    }

    package func choice(_ name: StaticString, _ choices: [String], required: Bool) -> String? {
        guard let text = string(name, required: required) else { return nil }
        if choices.contains(where: { $0.utf8.elementsEqual(text.utf8) }) { return text }
        fail(name, "Must be one of \(choices.joined(separator: ", "))")
        return nil
    }

    package func object(_ name: StaticString) -> Fields? {
        guard let value = typed(name, required: true, "an object", { if case .object = $0 { $0 } else { nil } })
        else { return nil }
        return Fields(members: value, path: "\(path)\(name).", faults: faults)
    }

    /// Whether a member is that text: for a rule on how the members before it are read. Notes no fault.
    package func has(_ name: StaticString, _ text: String) -> Bool {
        members[name]?.string == text
    }

    package func has(_ name: StaticString) -> Bool {
        members[name] != nil
    }

    /// 1…`limit` objects, each with its own path in faults: `items[3].r2_path`. nil unless all of them could be read.
    package func objects<Element>(
        _ name: StaticString, limit: Int, required: Bool = true, _ read: (Fields) -> Element?
    ) -> [Element]? {
        guard let elements = typed(name, required: required, "an array", \.array) else { return nil }
        if elements.isEmpty { fail(name, "Must not be empty") }
        if elements.count > limit { fail(name, "Exceeds limit (\(limit))") }
        guard (1...limit).contains(elements.count) else { return nil }
        let values = elements.enumerated().compactMap { index, element in
            let place = "\(path)\(name)[\(index)]"
            guard case .object = element else {
                fail(FieldFault(field: place, reason: "Must be an object"))
                return nil as Element?
            }
            return read(Fields(members: element, path: "\(place).", faults: faults))
        }
        return values.count == elements.count ? values : nil
    }

    /// 1…`limit` integers, in order, each in the range and none twice.
    package func integers(_ name: StaticString, in range: ClosedRange<Int>, limit: Int) -> [Int]? {
        guard let elements = typed(name, required: true, "an array", \.array) else { return nil }
        if elements.isEmpty { fail(name, "Must not be empty") }
        if elements.count > limit { fail(name, "Exceeds limit (\(limit))") }
        guard (1...limit).contains(elements.count) else { return nil }
        var seen: Set<Int> = []
        return elements.enumerated().compactMap { index, element in
            guard let value = wholeNumber(element) else {
                fail(name, index: index, "Must be an integer")
                return nil
            }
            if !range.contains(value) {
                fail(name, index: index, "Must be between \(range.lowerBound) and \(range.upperBound)")
            } else if !seen.insert(value).inserted {
                fail(name, index: index, "Must not be repeated")
            }
            return value
        }
    }

    /// An optional list of strings without its nulls and empty strings, and without those `accepts` refuses (it notes why);
    /// each keeps its index in the list as it was sent.
    package func entries(
        _ name: StaticString, accepts: (_ index: Int, _ text: String) -> Bool
    ) -> [(index: Int, text: String)] {
        guard let elements = typed(name, required: false, "an array", \.array) else { return [] }
        return elements.enumerated().compactMap { index, element in
            switch element {
            case .null: return nil
            case .string(let text): return text.isEmpty || !accepts(index, text) ? nil : (index, text)
            default:
                fail(name, index: index, "Must be a string")
                return nil
            }
        }
    }

    /// 1…`limit` non-empty strings, in order.
    package func strings(_ name: StaticString, limit: Int) -> [String] {
        guard let elements = typed(name, required: true, "an array", \.array) else { return [] }
        if elements.isEmpty { fail(name, "Must not be empty") }
        if elements.count > limit {
            fail(name, "Exceeds limit (\(limit))")
            return []
        }
        return elements.enumerated().compactMap { index, element in
            guard let text = element.string else {
                fail(name, index: index, "Must be a string")
                return nil
            }
            if text.isEmpty { fail(name, index: index, "Must not be empty") }
            return text
        }
    }
}

/// `"123456"` as well as `123456`, as pydantic took it.
private func wholeNumber(_ value: JSON) -> Int? {
    switch value {
    case .integer(let value): value
    case .string(let text) where isDigits(text): Int(text)
    default: nil
    }
}

/// A string of digits that is at least 1 and fits 64 bits.
package func positiveInteger(_ text: String) -> Int? {
    guard isDigits(text), let value = Int(text), value > 0 else { return nil }
    return value
}

private func isDigits(_ text: String) -> Bool {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
}

/// Printable ASCII without spaces: what may stand in a header line.
package func isHeaderSafe(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
}
