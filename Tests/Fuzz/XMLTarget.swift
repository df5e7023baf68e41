import Foundation
import FoundationXML

@testable import R2Storage

/// Compares our reader with libxml2's, which Foundation's XMLParser uses. Both must read the same elements and the same
/// text. We accept less (no CDATA, no document types), and a few texts that are not well-formed: attributes and
/// character data are hardly checked, because we use no attributes. The known differences in what is read are:
///
/// - libxml2 replaces CR LF by LF, and decodes the encoding that an XML declaration names; neither is compared.
/// - libxml2 keeps the namespace prefix of a name; the comparison removes it.
func fuzzXML(_ bytes: [UInt8]) {
    guard let xml = try? XML(bytes) else { return }
    require(XML.rootName(of: bytes) == xml.name, "rootName is not the name of the root element")
    let written = xml.markup
    guard let again = try? XML(Array(written.utf8)), again.markup == written else {
        violated("an element that is written again is read differently")
    }
    // XMLParser crashes if an attribute isn't UTF-8, and at a processing instruction without data.
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    // As bytes: a combining character after the mark would hide it from a search in the string.
    func contains(_ mark: String) -> Bool { Data(bytes).range(of: Data(mark.utf8)) != nil }
    if contains("\r") || contains("<?") { return }
    if !contains("<!--"), !contains("\""), !contains("'") {
        checkReferences(text)
    }
    let builder = TreeBuilder()
    let parser = XMLParser(data: Data(bytes))
    parser.delegate = builder
    guard parser.parse(), !builder.hasFailed, let root = builder.root else { return }
    require(root.markup == written, "libxml2 reads \(root.markup), and we read \(written)")
}

/// Every `&` begins a reference as XML 1.0 defines it (section 4.1).
private func checkReferences(_ text: String) {
    for tail in text.utf8.split(separator: 0x26, omittingEmptySubsequences: false).dropFirst() {
        let name = String(Substring(tail.prefix { $0 != 0x3B }))
        let digits = name.utf8.dropFirst(name.hasPrefix("#x") ? 2 : 1)
        let isHex = name.hasPrefix("#x")
        let isNumeric =
            name.utf8.first == 0x23 && !digits.isEmpty
            && digits.allSatisfy { isASCIIDigit($0) || isHex && isASCIIHexLetter($0) }
        require(isNumeric || ["amp", "lt", "gt", "quot", "apos"].contains(name), "the reference &\(name); is accepted")
    }
}

private func isASCIIDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
private func isASCIIHexLetter(_ byte: UInt8) -> Bool { (0x41...0x46).contains(byte & 0xDF) }

extension XML {
    /// Without attributes. The text precedes the children, wherever it was.
    fileprivate var markup: String {
        var escaped = ""
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "<": escaped += "&lt;"
            case "&": escaped += "&amp;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return "<\(name)>\(escaped)\(children.map(\.markup).joined())</\(name)>"
    }
}

private final class TreeBuilder: NSObject, XMLParserDelegate {
    private var open: [XML] = []
    var root: XML?
    /// XMLParser reports errors here, but often returns true all the same.
    var hasFailed = false

    func parser(_ parser: XMLParser, parseErrorOccurred error: Error) { hasFailed = true }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        var element = try! XML(Array("<a/>".utf8))
        element.name = name.split(separator: ":").last.map(String.init) ?? name
        open.append(element)
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        open[open.count - 1].text += Array(text.utf8)
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
        let element = open.removeLast()
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
    }
}
