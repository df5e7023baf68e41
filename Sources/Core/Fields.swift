/// The members of one JSON object of a request, read by name. A reader answers nil (or the default) where a value is
/// wrong and notes the fault, so that one pass over the fields finds all that is wrong, in the order they are read.
///
/// `null` counts as absent, unknown members are ignored. An integer may be written as a string of digits.
package struct Fields {
    package let caller: Caller
    private let members: JSON
    /// What goes before a name in a fault: `credential.`, `items[3].`.
    private let path: String
    private let faults: FaultList

    /// - Throws: the body itself is no JSON, or no object.
    package init(body: [UInt8], caller: Caller) throws(Fault) {
        let json: JSON
        do { json = try JSON(body, duplicates: .refused) } catch { throw Self.bodyFault("Invalid JSON") }
        guard case .object = json else { throw Self.bodyFault("Must be an object") }
        self.init(members: json, path: "", caller: caller, faults: FaultList())
    }

    package static func bodyFault(_ reason: String) -> Fault {
        Fault(errors: [FieldFault(field: "body", reason: reason)])
    }

    private init(members: JSON, path: String, caller: Caller, faults: FaultList) {
        self.members = members
        self.path = path
        self.caller = caller
        self.faults = faults
    }

    /// The members of an object within this one.
    /// - Parameter place: its path from here: `credential`, `items[3]`.
    func object(at place: String, _ members: JSON) -> Fields {
        Fields(members: members, path: "\(path)\(place).", caller: caller, faults: faults)
    }

    /// All that was wrong with what has been read, as one fault; if nothing was, 403 if an object key isn't allowed.
    package func check() throws(Fault) {
        if let refusal = faults.refusal { throw refusal }
        if faults.isForbidden { throw Fault(.pathNotAllowed) }
    }

    package func fail(_ name: StaticString, index: Int? = nil, url: String? = nil, _ reason: String) {
        fail(FieldFault(field: "\(path)\(name)", index: index, url: url, reason: reason))
    }

    /// A fault of a whole element of a list of objects: `items[3]`.
    func fail(element index: Int, of name: StaticString, _ reason: String) {
        fail(FieldFault(field: "\(path)\(name)[\(index)]", reason: reason))
    }

    /// A fault found elsewhere, with its whole path.
    package func fail(_ fault: FieldFault) {
        faults.add(fault, isReport: false)
    }

    /// Records a warning: it is listed in its place, but only if the request fails for another reason.
    package func report(_ fault: FieldFault) {
        faults.add(fault, isReport: true)
    }

    package var reports: [FieldFault] { faults.reports }

    /// Turns all reports into reasons.
    package func failReports() {
        faults.failReports()
    }

    /// An object key was read that isn't allowed: the request is refused with 403 unless it has other faults.
    func forbid() {
        faults.isForbidden = true
    }

    private func value(_ name: StaticString, required: Bool) -> JSON? {
        let value = members[name]
        if value == nil, required { fail(name, "Field required") }
        return value
    }

    func typed<T>(_ name: StaticString, required: Bool, _ what: String, _ convert: (JSON) -> T?) -> T? {
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
        return object(at: "\(name)", value)
    }

    /// Whether a member is that text: for a rule on how the members before it are read. Notes no fault.
    package func has(_ name: StaticString, _ text: String) -> Bool {
        members[name]?.string == text
    }

    package func has(_ name: StaticString, _ value: Bool) -> Bool {
        members[name]?.bool == value
    }

    package func has(_ name: StaticString) -> Bool {
        members[name] != nil
    }
}

/// `"123456"` as well as `123456`, as pydantic took it.
func wholeNumber(_ value: JSON) -> Int? {
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
