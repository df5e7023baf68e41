import Encoding
import Glibc
import System

/// The process's settings: environment variables, all read at startup. Each reader declares its setting, so that
/// `--help` lists exactly the settings that the executable reads. An empty value counts as unset. All faults are
/// collected, so that one start reports everything that is wrong.
package struct Settings {
    /// A setting as `--help` and the operator's table show it.
    struct Declaration: Sendable {
        let name: String
        enum Default: Sendable { case required, none, value(String) }
        let defaultValue: Default
        /// The values it may have: `1…600`.
        let values: String?
        let purpose: String
    }

    private let environment: (String) -> String?
    package private(set) var faults: [String] = []
    private(set) var declarations: [Declaration] = []

    package init(environment: @escaping (String) -> String?) {
        self.environment = environment
    }

    package static func fromEnvironment() -> Settings {
        Settings { name in getenv(name).map { String(cString: $0) } }
    }

    /// Records why the value of a setting can't be used, once if the setting is read twice.
    package mutating func fail(_ name: String, _ reason: String) {
        let fault = "\(name): \(reason)"
        if !faults.contains(fault) { faults.append(fault) }
    }

    private mutating func declare(
        _ name: String, default defaultValue: Declaration.Default, values: String? = nil, _ purpose: String
    ) {
        guard !declarations.contains(where: { $0.name == name }) else { return }
        declarations.append(Declaration(name: name, defaultValue: defaultValue, values: values, purpose: purpose))
    }

    private func value(_ name: String) -> String? {
        environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether the variable exists and is not empty.
    package func isSet(_ name: String) -> Bool { value(name) != nil }

    /// Whether the variable exists and is empty, for a setting whose empty value has a meaning of its own.
    package func isEmpty(_ name: String) -> Bool { environment(name) == "" }

    // MARK: Readers

    /// Nil if it is not set.
    package mutating func optional(_ name: String, _ purpose: String) -> String? {
        declare(name, default: .none, purpose)
        return value(name)
    }

    /// Nil, and a fault, if it is not set.
    package mutating func required(_ name: String, _ purpose: String) -> String? {
        declare(name, default: .required, purpose)
        if value(name) == nil { fail(name, "is missing") }
        return value(name)
    }

    package mutating func string(_ name: String, default defaultValue: String, _ purpose: String) -> String {
        declare(name, default: .value(defaultValue), purpose)
        return value(name) ?? defaultValue
    }

    package mutating func integer(
        _ name: String, default defaultValue: Int, in range: ClosedRange<Int>, _ purpose: String
    ) -> Int {
        declare(name, default: .value("\(defaultValue)"), values: "\(range.lowerBound)…\(range.upperBound)", purpose)
        guard let text = value(name) else { return defaultValue }
        guard let number = Int(text), range.contains(number) else {
            fail(name, "must be a whole number between \(range.lowerBound) and \(range.upperBound)")
            return defaultValue
        }
        return number
    }

    package mutating func seconds(
        _ name: String, default defaultValue: Int, in range: ClosedRange<Int>, _ purpose: String
    ) -> Duration {
        .seconds(integer(name, default: defaultValue, in: range, purpose))
    }

    package mutating func bool(_ name: String, default defaultValue: Bool, _ purpose: String) -> Bool {
        declare(name, default: .value("\(defaultValue)"), values: "true false", purpose)
        switch value(name) {
        case nil: return defaultValue
        case "true": return true
        case "false": return false
        default:
            fail(name, "must be true or false")
            return defaultValue
        }
    }

    package mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, default defaultValue: Choice, _ purpose: String
    ) -> Choice {
        let choices = Choice.allCases.map(\.rawValue)
        declare(name, default: .value(defaultValue.rawValue), values: choices.joined(separator: " "), purpose)
        guard let text = value(name) else { return defaultValue }
        if let choice = Choice(rawValue: text) { return choice }
        fail(name, "must be one of \(choices.joined(separator: ", "))")
        return defaultValue
    }

    /// One or more comma-separated entries, without surrounding spaces.
    package mutating func list(_ name: String, default defaultValue: [String], _ purpose: String) -> [String] {
        declare(name, default: .value(defaultValue.joined(separator: ",")), purpose)
        guard let text = value(name) else { return defaultValue }
        let entries = listEntries(text)
        if entries.isEmpty { fail(name, "contains no entry") }
        return entries
    }

    /// `NAME`, or the contents of the file that `NAME_FILE` names, without its trailing newline.
    /// - Parameter isRequired: an unset secret is a fault.
    package mutating func secret(_ name: String, isRequired: Bool = true, _ purpose: String) -> String? {
        declare(name, default: isRequired ? .required : .none, purpose)
        guard let path = value("\(name)_FILE") else {
            if isRequired, value(name) == nil { fail(name, "is missing") }
            return value(name)
        }
        if value(name) != nil { fail(name, "must not be set together with \(name)_FILE") }
        guard var bytes = readFile(path) else {
            fail("\(name)_FILE", "cannot be read: \(errnoText())")
            return nil
        }
        if bytes.last == .newline { bytes.removeLast() }
        if bytes.last == .carriageReturn { bytes.removeLast() }
        if bytes.isEmpty {
            fail("\(name)_FILE", "is empty")
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `https://host[:port]`, or http for a loopback address, without a path. Nil, and a fault, if it is anything else.
    package mutating func origin(_ name: String, default defaultValue: String? = nil, _ purpose: String) -> Origin? {
        declare(name, default: defaultValue.map { .value($0) } ?? .required, purpose)
        guard let text = value(name) ?? defaultValue else {
            fail(name, "is missing")
            return nil
        }
        do throws(Origin.Invalid) {
            return try Origin(text)
        } catch {
            fail(name, error.reason)
            return nil
        }
    }
}

/// The entries of a comma-separated list, without surrounding spaces. Empty entries are dropped.
func listEntries(_ text: String) -> [String] {
    text.split(separator: ",").map { entry in
        var bytes = Substring(entry).utf8
        while bytes.first == .space { bytes.removeFirst() }
        while bytes.last == .space { bytes.removeLast() }
        return String(Substring(bytes))
    }.filter { !$0.isEmpty }
}
