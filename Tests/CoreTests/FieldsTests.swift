import Core
import TestSupport
import Testing

@testable import JSON

private func faults(_ body: String, _ read: (Fields) -> Void) -> [FieldFault] {
    do throws(Fault) {
        let fields = try Fields(body: Array(body.utf8), caller: .unlimited)
        read(fields)
        try fields.check()
        return []
    } catch {
        #expect(error.code == .validationFailed)
        return error.errors
    }
}

/// True if there are no faults and `isCorrect` confirms the values.
private func accepted(_ body: String, _ isCorrect: (Fields) -> Bool) -> Bool {
    var correct = false
    return faults(body) { correct = isCorrect($0) }.isEmpty && correct
}

private func fault(_ field: String, _ reason: String, index: Int? = nil) -> FieldFault {
    FieldFault(field: field, index: index, reason: reason)
}

@Suite struct FieldsTests {
    @Test func `A body that is not a JSON object is a single fault of the body`() {
        for text in ["", "{", "{\"a\":1,\"a\":1}", "\u{FEFF}{}"] {
            #expect(faults(text) { _ in } == [fault("body", "Invalid JSON")], "\(text)")
        }
        for text in ["[]", "1", "null", "\"x\""] {
            #expect(faults(text) { _ in } == [fault("body", "Must be an object")], "\(text)")
        }
    }

    @Test func `All faults are reported in the order in which the fields are read`() {
        let found = faults(#"{"z": 1, "n": "x", "list": ["", 1], "sub": {"b": null}}"#) { fields in
            _ = fields.string("a")
            _ = fields.string("z")
            _ = fields.integer("n", in: 1...2)
            _ = fields.strings("list", limit: 5)
            _ = fields.object("sub") { _ = $0.string("b") }
            _ = fields.bool("z", default: true)
        }
        #expect(
            found == [
                fault("a", "Field required"), fault("z", "Must be a string"), fault("n", "Must be an integer"),
                fault("list", "Must not be empty", index: 0), fault("list", "Must be a string", index: 1),
                fault("sub.b", "Field required"), fault("z", "Must be true or false"),
            ])
    }

    @Test func `Null counts as absent, which is a fault in a required field and the default elsewhere`() {
        let body = #"{"s": null, "b": null, "c": null, "i": null}"#
        let found = faults(body) { fields in
            #expect(fields.string("s", required: false) == nil)
            #expect(fields.bool("b", default: true))
            #expect(fields.choice("c", ["x"], default: "x") == "x")
            #expect(fields.integer("i", in: 1...2, required: false) == nil)
        }
        #expect(found.isEmpty)
        #expect(faults(body) { _ = $0.string("s") } == [fault("s", "Field required")])
    }

    @Test func `Unknown fields are ignored`() {
        #expect(accepted(#"{"a": "x", "b": {"c": []}}"#) { $0.string("a") == "x" })
    }

    @Test func `An integer may be a string of digits, and nothing else is converted`() {
        for text in ["123456", "\"123456\"", "\"000123456\""] {
            #expect(accepted("{\"i\": \(text)}") { $0.integer("i", in: 1...1_000_000) == 123_456 })
        }
        for text in [
            "1.0", "1e3", "true", "\"\"", "\" 1\"", "\"-1\"", "\"+1\"", "\"1.0\"", "\"0x1\"", "\"١\"", "[]",
            "9223372036854775808", "\"9223372036854775808\"",
        ] {
            #expect(
                faults("{\"i\": \(text)}") { _ = $0.integer("i", in: 1...10) } == [fault("i", "Must be an integer")],
                "\(text)")
        }
    }

    @Test func `The fault of an integer outside its range states the range`() {
        for value in [0, 604_801, -1] {
            let found = faults("{\"i\": \(value)}") { _ = $0.integer("i", in: 1...604_800) }
            #expect(found == [fault("i", "Must be between 1 and 604800")])
        }
        for value in [1, 604_800] {
            #expect(accepted("{\"i\": \(value)}") { $0.integer("i", in: 1...604_800) == value })
        }
    }

    @Test(arguments: ["1", "true", "[]", "{}"])
    func `No other value is converted to a string`(_ value: String) {
        #expect(faults("{\"s\": \(value)}") { _ = $0.string("s") } == [fault("s", "Must be a string")])
    }

    @Test func `Text for a header is limited in bytes and to printable ASCII`() {
        func reasons(_ value: String) -> [String] {
            faults("{\"t\": \(value)}") { _ = $0.text("t", maxBytes: 4, isValid: isHeaderSafe) }.map(\.reason)
        }
        #expect(reasons("\"abcd\"") == [])
        #expect(reasons("\"\"") == ["Must not be empty"])
        #expect(reasons("\"abcde\"") == ["Exceeds limit (4)"])
        for value in ["a b", "a\\r\\n", "\\u0000", "é", "\\u007f"] {
            #expect(reasons("\"\(value)\"") == ["Invalid characters"], "\(value)")
        }
    }

    @Test func `A choice is compared byte by byte and case-sensitively`() {
        for value in ["offer_ids", "Offer_id", "", "offer_id\\u0301"] {
            let found = faults("{\"f\": \"\(value)\"}") { _ = $0.choice("f", ["offer_id", "sku"], default: "sku") }
            #expect(found == [fault("f", "Must be one of offer_id, sku")], "\(value)")
        }
        #expect(accepted("{}") { $0.choice("f", ["sku"], default: "sku") == "sku" })
    }

    @Test func `A list has between one element and its limit, and keeps order and duplicates`() {
        #expect(accepted(#"{"l": ["b", "a", "b"]}"#) { $0.strings("l", limit: 3) == ["b", "a", "b"] })
        #expect(faults(#"{"l": []}"#) { _ = $0.strings("l", limit: 3) } == [fault("l", "Must not be empty")])
        #expect(faults(#"{"l": ["a", 1]}"#) { _ = $0.strings("l", limit: 1) } == [fault("l", "Exceeds limit (1)")])
        #expect(faults(#"{"l": "a"}"#) { _ = $0.strings("l", limit: 1) } == [fault("l", "Must be an array")])
        #expect(faults("{}") { _ = $0.strings("l", limit: 1) } == [fault("l", "Field required")])
    }

    @Test func `A list with one invalid entry has no value, whatever its element type`() throws {
        func isNil<Value>(_ body: String, _ read: (Fields) -> Value?) throws -> Bool {
            let fields = try Fields(body: Array(body.utf8), caller: .unlimited)
            let value = read(fields)
            #expect(throws: Fault.self) { try fields.check() }
            return value == nil
        }
        #expect(try isNil(#"{"l": ["a", "", "b"]}"#) { $0.strings("l", limit: 4) })
        #expect(try isNil(#"{"l": [2, 2, 3]}"#) { $0.integers("l", in: 1...9, limit: 6) })
        #expect(
            try isNil(#"{"l": [{"s": "a"}, {"s": 1}]}"#) { fields in
                fields.objects("l", limit: 2) { element throws(InvalidFields) in
                    try element.require(element.string("s"))
                }
            })
    }

    @Test func `Required fields are returned together, and a missing one throws`() throws {
        let fields = try Fields(body: Array(#"{"a": "x", "b": 2}"#.utf8), caller: .unlimited)
        let (text, number) = try fields.require(fields.string("a"), fields.integer("b", in: 1...2))
        #expect((text, number) == ("x", 2))
        #expect(throws: InvalidFields.self) { try fields.require(fields.string("a"), fields.string("c")) }
        #expect(throws: Fault.self) { try fields.check() }
    }

    @Test func `The faults of a nested object carry its path`() {
        let read: (Fields) -> Void = { fields in
            _ = fields.object("credential") { _ = $0.object("inner") { _ = $0.string("x") } }
        }
        #expect(faults(#"{"credential": []}"#, read) == [fault("credential", "Must be an object")])
        #expect(faults("{}", read) == [fault("credential", "Field required")])
        #expect(faults(#"{"credential": {"inner": {}}}"#, read) == [fault("credential.inner.x", "Field required")])
    }

    @Test func `A positive integer consists of digits only and is at least 1`() {
        #expect(positiveInteger("1") == 1)
        #expect(positiveInteger("007") == 7)
        for text in ["", "0", "-1", "+1", " 1", "1 ", "1.0", "١", "9223372036854775808"] {
            #expect(positiveInteger(text) == nil, "\(text)")
        }
    }

    @Test func `Half a million invalid entries are one fault in every kind of list`() {
        for entry in ["0", "\"\"", "null", "{}"] {
            let list = Array(repeating: entry, count: (1 << 20) / (entry.utf8.count + 1)).joined(separator: ",")
            // One parsed body is read five times, because parsing it takes long in a debug build.
            let found = faults("{\"l\": [\(list)]}") {
                _ = $0.entries("l") { _, _ in true }
                _ = $0.integers("l", in: 1...9, limit: 1001)
                _ = $0.strings("l", limit: 5000)
                _ = $0.strings("l", limit: 100_000)
                _ = $0.objects("l", limit: 10_000) { _ = $0.string("x") }
            }
            let limits = [1000, 1001, 5000, 100_000, 10_000]
            #expect(found == limits.map { fault("l", "Exceeds limit (\($0))") }, "\(entry)")
        }
    }

    @Test func `A list without its own limit may have 1000 entries`() {
        func body(_ count: Int) -> String {
            "{\"l\": [\(Array(repeating: "\"a\"", count: count).joined(separator: ","))]}"
        }
        #expect(accepted(body(1000)) { $0.entries("l") { _, _ in true }.count == 1000 })
        #expect(faults(body(1001)) { _ = $0.entries("l") { _, _ in true } } == [fault("l", "Exceeds limit (1000)")])
    }

    @Test func `The first hundred faults are listed and the others are counted`() throws {
        for (count, omitted) in [(99, 0), (100, 0), (101, 1), (1000, 900)] {
            let body = "{\"l\": [\(Array(repeating: "0", count: count).joined(separator: ","))]}"
            let fields = try Fields(body: Array(body.utf8), caller: .unlimited)
            _ = fields.strings("l", limit: 1000)
            let error = #expect(throws: Fault.self) { try fields.check() }
            #expect(error?.errors.count == min(count, 100) && error?.errorsOmitted == omitted)
            #expect(error?.errors.last == fault("l", "Must be a string", index: min(count, 100) - 1))
            var json = JSONWriter()
            json.object { error?.writeMembers(to: &$0, requestID: "r") }
            #expect(
                String(decoding: json.bytes, as: UTF8.self).hasSuffix(
                    omitted == 0 ? "}]}" : "}],\"errors_omitted\":\(omitted)}"))
        }
        let many = (0..<500).map { FieldFault(field: "f\($0)", reason: "x") }
        #expect(Fault(errors: many).errors.count == 100 && Fault(errors: many).errorsOmitted == 400)
    }

    @Test func `Faults that reject the request are listed however many warnings precede them`() throws {
        for warnings in [0, 50, 99, 100, 150, 1000] {
            let fields = try Fields(body: Array(#"{"refetch": "yes"}"#.utf8), caller: .unlimited)
            for index in 0..<warnings { fields.tolerate(fault("images", "x", index: index)) }
            _ = fields.bool("refetch", default: false)
            fields.tolerate(fault("color_image", "x"))
            let error = #expect(throws: Fault.self) { try fields.check() }
            let images = min(warnings, 99)
            #expect(error?.errors.prefix(images).map(\.index) == (0..<images).map { $0 })
            #expect(error?.errors.dropFirst(images).first == fault("refetch", "Must be true or false"))
            #expect(error?.errors.count == min(warnings + 2, 100))
            #expect(error?.errorsOmitted == max(warnings + 2 - 100, 0))
        }
        // A hundred faults leave no room for warnings.
        let fields = try Fields(body: Array("{}".utf8), caller: .unlimited)
        for index in 0..<150 {
            fields.tolerate(fault("r", "x", index: index))
            fields.fail("f", index: index, "x")
        }
        let error = #expect(throws: Fault.self) { try fields.check() }
        #expect(error?.errors == (0..<100).map { fault("f", "x", index: $0) } && error?.errorsOmitted == 200)
        #expect(fields.toleratedFaults.count == 150)
    }

    @Test func `Warnings that become faults are listed in their order, up to a hundred`() throws {
        let fields = try Fields(body: Array("{}".utf8), caller: .unlimited)
        for index in 0..<150 { fields.tolerate(fault("r", "x", index: index)) }
        #expect(fields.toleratedFaults.count == 150)
        try fields.check()
        fields.failIfTolerated()
        let error = #expect(throws: Fault.self) { try fields.check() }
        #expect(error?.errors.map(\.index) == (0..<100).map { $0 } && error?.errorsOmitted == 50)
    }
}
