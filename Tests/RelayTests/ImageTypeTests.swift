import TestSupport
import Testing

@testable import Relay

@Suite("Image types")
struct ImageTypeTests {
    @Test(
        "each by its first bytes",
        arguments: [
            ("ffd8ffe000104a464946", "image/jpeg"), ("ffd8ff", "image/jpeg"), ("89504e470d0a1a0a0000", "image/png"),
            ("474946383761", "image/gif"), ("4749463839610100", "image/gif"),
            ("524946460000000057454250", "image/webp"), ("0000001c6674797061766966", "image/avif"),
            ("00000018667479706176697300", "image/avif"), ("0000001866747970686569630000", "image/heic"),
            ("00000018667479706d69663100", "image/heic"), ("0000001866747970686569780000", "image/heic"),
        ])
    func known(_ head: String, _ type: String) {
        #expect(imageType(bytes(hex: head)) == type)
    }

    @Test("a mark cut by one byte is no image's")
    func cut() {
        for head in [
            "ffd8", "89504e470d0a1a", "4749463839", "5249464600000000574542", "0000001c66747970617669",
        ] { #expect(imageType(bytes(hex: head)) == nil, "\(head)") }
    }

    @Test("pages, scripts and what only resembles an image are none")
    func none() {
        for head in [
            "", "<!DOCTYPE html><html><head><title>", "<svg xmlns=\"http://www.w3.org/2000/svg\">", "{\"code\": 5}",
            "%PDF-1.7", "GIF90a", "GIF88a", "RIFF0000WAVE", "RIFFWEBP", " \u{0}\u{0}\u{0}ftypisom", "BM000000",
            "II*\u{0}", "\u{0}\u{0}\u{0}\u{0}ftyp", "JFIF", "PNG",
        ] { #expect(imageType(Array(head.utf8)) == nil, "\(head)") }
        #expect(imageType(bytes(hex: "00ffd8ff")) == nil, "not at the beginning")
        #expect(imageType(bytes(hex: "89504e470a1a0a0000")) == nil, "a PNG that went through text mode")
    }
}
