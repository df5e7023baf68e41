import R2
import TestSupport
import Testing

@testable import Uploads

private func type(_ head: [UInt8]) -> String? { ImageFormat(head: head)?.mediaType }

/// An `ftyp` box, followed by `more`.
private func box(_ major: String, _ compatible: String..., more: [UInt8] = []) -> [UInt8] {
    let content = Array("ftyp\(major)".utf8) + [0, 0, 0, 0] + compatible.flatMap { Array($0.utf8) }
    return [0, 0, 0, UInt8(content.count + 4)] + content + more
}

@Suite struct ImageFormatTests {
    @Test(arguments: [
        ("ffd8ffe000104a464946", "image/jpeg"), ("ffd8ff", "image/jpeg"), ("89504e470d0a1a0a0000", "image/png"),
        ("474946383761", "image/gif"), ("4749463839610100", "image/gif"),
        ("524946460000000057454250", "image/webp"), ("0000001c6674797061766966", "image/avif"),
        ("00000018667479706176697300", "image/avif"), ("0000001866747970686569630000", "image/heic"),
        ("00000018667479706d69663100", "image/heic"), ("0000001866747970686569780000", "image/heic"),
        ("00000000667479706865696300", "image/heic"), ("00000001667479706176696600", "image/avif"),
    ])
    func `The format is detected by the first bytes`(_ head: String, _ expected: String) {
        #expect(type(bytes(hex: head)) == expected)
    }

    @Test func `AVIF and HEIC are detected by any of their brands`() {
        for brands in [
            box("avif"), box("avis", "avif"), box("mif1", "avif", "miaf"), box("mif1", "miaf", "avif"),
            box("miaf", "MA1B"), box("msf1", "avis", "miaf"), box("mif1", "mif1", "miaf", "MA1A"),
        ] { #expect(type(brands) == "image/avif", "\(text(brands))") }
        for brands in [
            box("heic"), box("heix", "mif1"), box("hevc"), box("heim"), box("heis"), box("hevm"), box("hevs"),
            box("mif1", "heic"), box("msf1", "hevc"), box("mif1", "miaf", "MiHB"), box("mif1"), box("msf1"),
            box("miaf"), box("mif1", "miaf"),
        ] { #expect(type(brands) == "image/heic", "\(text(brands))") }
        // Only brands within the box count, and only the first sixty of them.
        #expect(type(box("isom", "mp42", more: Array("avif".utf8))) == nil)
        let many =
            [UInt8]([0, 0, 1, 0]) + Array("ftypmif1".utf8) + [0, 0, 0, 0]
            + (0..<59).flatMap { _ in Array("miaf".utf8) } + Array("avif".utf8)
        #expect(type(Array(many.prefix(ImageFormat.headBytes))) == "image/avif")
    }

    @Test func `A truncated signature is not detected`() {
        for head in [
            "ffd8", "89504e470d0a1a", "4749463839", "5249464600000000574542", "0000001c66747970617669",
        ] { #expect(type(bytes(hex: head)) == nil, "\(head)") }
    }

    @Test func `Pages, scripts, videos and lookalikes are not detected as images`() {
        for head in [
            "", "<!DOCTYPE html><html><head><title>", "<svg xmlns=\"http://www.w3.org/2000/svg\">", "{\"code\": 5}",
            "%PDF-1.7", "GIF90a", "GIF88a", "RIFF0000WAVE", "RIFFWEBP", " \u{0}\u{0}\u{0}ftypisom", "BM000000",
            "II*\u{0}", "\u{0}\u{0}\u{0}\u{0}ftyp", "JFIF", "PNG",
            "\u{0}\u{0}\u{0}\u{18}ftypqt  \u{0}\u{0}\u{0}\u{0}mp42",
        ] { #expect(type(Array(head.utf8)) == nil, "\(head)") }
        #expect(type(bytes(hex: "00ffd8ff")) == nil, "the signature is not at the beginning")
        #expect(type(bytes(hex: "89504e470a1a0a0000")) == nil, "a PNG whose line end was converted")
    }

    @Test func `Media types and extensions map to the same formats`() {
        let names: [(ImageFormat, types: [String], extensions: [String])] = [
            (.jpeg, ["image/jpeg", "image/jpg", "image/pjpeg"], ["jpg", "JPEG", "jpe"]),
            (.png, ["image/png", "image/x-png"], ["png", "PNG"]), (.webp, ["image/webp"], ["webp"]),
            (.gif, ["image/gif"], ["gif"]), (.avif, ["image/avif"], ["avif"]),
            (.heic, ["image/heic", "image/heif"], ["heic", "heif"]),
        ]
        for (format, types, extensions) in names {
            for type in types { #expect(ImageFormat(mediaType: type) == format) }
            for name in extensions { #expect(ImageFormat(fileExtension: name) == format) }
            #expect(format.mediaType == types[0])
        }
        for text in ["", "image/svg+xml", "text/html", "jpg"] { #expect(ImageFormat(mediaType: text) == nil) }
        for text in ["", "svg", "html", ".png"] { #expect(ImageFormat(fileExtension: text) == nil) }
    }

    @Test func `A type is allowed in every spelling and stored in one`() {
        let rules = UploadRules(
            prefixes: .all, types: ["image/jpeg", "image/heic", "text/x"], requiresType: false,
            maxBytes: 1)
        for text in [
            "image/jpeg", "image/jpg", "image/pjpeg", "IMAGE/JPG", "image/jpeg; charset=binary", " image/jpeg ;q=1",
        ] { #expect(rules.allowedType(text) == "image/jpeg", "\(text)") }
        #expect(rules.allowedType("image/heif") == "image/heic")
        #expect(rules.allowedType("Text/X") == "text/x")
        for text in [
            "", "image", "image/", "/jpeg", "image /jpeg", "image/ jpeg", "image/png", "image/x-png", "text/html",
            "image/jpeg, text/html", "image/jpeg\u{301}",
        ] { #expect(rules.allowedType(text) == nil, "\(text)") }
    }
}
