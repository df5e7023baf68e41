import Encoding
import JSON
import Telemetry

/// The members of one JSON object of a request, read by name. A reader returns nil if the value is wrong, and records
/// the fault, so that one pass finds everything that is wrong, in the order in which the fields are read. `require`
/// then turns the values of required fields into values that are not optional, or throws.
///
/// `null` counts as absent, and unknown members are ignored. An integer may be written as a string of digits.
package struct Fields {
    package let caller: Caller
    private let members: JSON
    /// The path of this object in a fault's `field`: `credential.`, `items[3].`.
    private let path: String
    private let faults: FaultList

    /// - Throws: `validationFailed` if the body is not a JSON object.
    package init(body: [UInt8], caller: Caller) throws(Fault) {
        let json: JSON
        do { json = try JSON(body, duplicates: .rejected) } catch { throw Self.bodyFault("Invalid JSON") }
        guard case .object = json else { throw Self.bodyFault("Must be an object") }
        self.init(members: json, path: "", caller: caller, faults: FaultList())
    }

    static func bodyFault(_ reason: String) -> Fault {
        Fault(errors: [FieldFault(field: "body", reason: reason)])
    }

    private init(members: JSON, path: String, caller: Caller, faults: FaultList) {
        self.members = members
        self.path = path
        self.caller = caller
        self.faults = faults
    }

    /// The members of an object within this one.
    /// - Parameter relativePath: `credential`, `items[3]`.
    func object(at relativePath: String, _ members: JSON) -> Fields {
        Fields(members: members, path: "\(path)\(relativePath).", caller: caller, faults: faults)
    }

    /// - Throws: one fault with everything that was wrong so far, or, if nothing was, 403 if an object key isn't
    ///   allowed.
    package func check() throws(Fault) {
        if let fault = faults.fault { throw fault }
        if faults.isForbidden { throw Fault(.pathNotAllowed) }
    }

    /// The values of required fields, after all of them have been read.
    /// - Throws: if one of them is nil, in which case its reader has recorded a fault.
    package func require<each Value>(_ values: repeat (each Value)?) throws(InvalidFields) -> (repeat each Value) {
        func unwrap<Field>(_ value: Field?) throws(InvalidFields) -> Field {
            guard let value else { throw InvalidFields() }
            return value
        }
        return (repeat try unwrap(each values))
    }

    // MARK: Faults

    package func fail(_ name: StaticString, index: Int? = nil, _ reason: String) {
        fail(FieldFault(field: "\(path)\(name)", index: index, reason: reason))
    }

    /// Records a fault of a whole element of a list of objects: `items[3]`.
    func fail(element index: Int, of name: StaticString, _ reason: String) {
        fail(FieldFault(field: "\(path)\(name)[\(index)]", reason: reason))
    }

    package func fail(_ fault: FieldFault) {
        faults.add(fault, isTolerated: false)
    }

    /// Records a tolerated fault: a successful response lists it in `errors`, a failed one among the other faults.
    package func tolerate(_ fault: FieldFault) {
        faults.add(fault, isTolerated: true)
    }

    package var toleratedFaults: [FieldFault] { faults.tolerated }

    /// Makes the request fail if there are tolerated faults.
    package func failIfTolerated() {
        faults.failsIfTolerated = true
    }

    /// Records that the request contains an object key that isn't allowed: it is denied with 403 unless it has faults.
    package func forbid() {
        faults.isForbidden = true
    }

    // MARK: Readers

    /// - Parameters:
    ///   - type: completes the fault `Must be …`: `a string`.
    ///   - convert: nil if the value has another type.
    func value<Value>(
        _ name: StaticString, required: Bool, mustBe type: String, _ convert: (JSON) -> Value?
    ) -> Value? {
        guard let value = members[name] else {
            if required { fail(name, "Field required") }
            return nil
        }
        let converted = convert(value)
        if converted == nil { fail(name, "Must be \(type)") }
        return converted
    }

    package func string(_ name: StaticString, required: Bool = true) -> String? {
        value(name, required: required, mustBe: "a string", \.string)
    }

    /// A string of 1…`maxBytes` bytes that `isValid` accepts.
    package func text(
        _ name: StaticString, maxBytes: Int, required: Bool = true, isValid: (String) -> Bool
    ) -> String? {
        guard let text = string(name, required: required) else { return nil }
        if text.isEmpty {
            fail(name, "Must not be empty")
        } else if text.utf8.count > maxBytes {
            fail(name, "Exceeds limit (\(maxBytes))")
        } else if !isValid(text) {
            fail(name, "Invalid characters")
        } else {
            return text
        }
        return nil
    }

    package func bool(_ name: StaticString, default value: Bool) -> Bool {
        self.value(name, required: false, mustBe: "true or false", \.bool) ?? value
    }

    package func integer(_ name: StaticString, in range: ClosedRange<Int>, required: Bool = true) -> Int? {
        guard let value = value(name, required: required, mustBe: "an integer", wholeNumber) else { return nil }
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

    /// The value that `read` creates from an object's members.
    package func object<Value>(_ name: StaticString, _ read: (Fields) throws(InvalidFields) -> Value) -> Value? {
        guard
            let members = value(name, required: true, mustBe: "an object", { if case .object = $0 { $0 } else { nil } })
        else { return nil }
        return try? read(object(at: "\(name)", members))
    }

    /// Whether a member has that value. No fault is recorded: this is for rules that depend on a field before it is
    /// read.
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

/// `123456` or `"123456"`: the API accepts both for integers.
func wholeNumber(_ value: JSON) -> Int? {
    switch value {
    case .integer(let value): value
    case .string(let text) where isDigits(text): Int(text)
    default: nil
    }
}

/// A decimal number from 1 to 2⁶³ − 1, without a sign. Nil if the string is anything else.
package func positiveInteger(_ text: String) -> Int? {
    guard isDigits(text), let value = Int(text), value > 0 else { return nil }
    return value
}

private func isDigits(_ text: String) -> Bool {
    text.utf8.allSatisfy(\.isASCIIDigit)
}

/// Whether a string is printable ASCII without spaces, and so can be the value of a header.
package func isHeaderSafe(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
}
