// ASCII bytes by name, and the classes of bytes that more than one module tests for.

extension UInt8 {
    package static let tab = UInt8(ascii: "\t")
    package static let newline = UInt8(ascii: "\n")
    package static let carriageReturn = UInt8(ascii: "\r")
    package static let space = UInt8(ascii: " ")
    package static let quote = UInt8(ascii: "\"")
    package static let numberSign = UInt8(ascii: "#")
    package static let percent = UInt8(ascii: "%")
    package static let ampersand = UInt8(ascii: "&")
    package static let apostrophe = UInt8(ascii: "'")
    package static let comma = UInt8(ascii: ",")
    package static let hyphen = UInt8(ascii: "-")
    package static let dot = UInt8(ascii: ".")
    package static let slash = UInt8(ascii: "/")
    package static let colon = UInt8(ascii: ":")
    package static let semicolon = UInt8(ascii: ";")
    package static let lessThan = UInt8(ascii: "<")
    package static let equalsSign = UInt8(ascii: "=")
    package static let greaterThan = UInt8(ascii: ">")
    package static let questionMark = UInt8(ascii: "?")
    package static let atSign = UInt8(ascii: "@")
    package static let backslash = UInt8(ascii: "\\")
    package static let underscore = UInt8(ascii: "_")

    package var isASCIIDigit: Bool { self &- UInt8(ascii: "0") < 10 }
    package var isASCIILowercase: Bool { self &- UInt8(ascii: "a") < 26 }
    package var isASCIIUppercase: Bool { self &- UInt8(ascii: "A") < 26 }
    package var isASCIILetter: Bool { (self | 0x20).isASCIILowercase }
    package var isASCIIAlphanumeric: Bool { isASCIILetter || isASCIIDigit }
    /// A space or a tab: the optional whitespace in HTTP header fields.
    package var isBlank: Bool { self == .space || self == .tab }
}
