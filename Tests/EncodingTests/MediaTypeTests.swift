import Encoding
import Testing

@Suite struct MediaTypeTests {
    @Test func `JSON's media type is recognized, and no type that an HTML form can send`() {
        for type in ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;x"] {
            #expect(isJSON(type), "\(type)")
        }
        for type in [
            "", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/plain; application/json",
            "text/plain, application/json", "application/json\u{301}", "application/ld+json", "application /json",
            "application/ json", "application/js on", "application", "/json", "application/json/x", "application/json,",
        ] {
            #expect(!isJSON(type), "\(type)")
        }
    }

    @Test func `Accept lists a type unless its quality is zero`() {
        let type = "application/x-ndjson"
        for header in [
            type, "text/html, \(type)", "\(type);q=0.5", "Application/X-NDJSON", " \(type) ; q=1",
            // A separator and a combining character are one Character.
            "\(type),\u{301}", "\(type);\u{301}",
        ] {
            #expect(accepts(type, inField: header), "\(header)")
        }
        for header in [
            "", "*/*", "application/*", "application/json", "\(type);q=0", "\(type);q=0.", "\(type); q=0.000",
            "x\(type)", "\(type);\u{301};q=0",
        ] {
            #expect(!accepts(type, inField: header), "\(header)")
        }
    }

    @Test func `The media type is extracted from a header, in lower case and without parameters`() {
        for (text, expected) in [
            "image/jpeg": "image/jpeg", "Image/JPEG": "image/jpeg", "image/jpeg;q=1": "image/jpeg",
            "\t image/jpeg ; a=b": "image/jpeg", "image/svg+xml": "image/svg+xml", "*/*": "*/*",
        ] { #expect(mediaType(text) == expected, "\(text)") }
        for text in [
            "", " ", ";", "/", "image", "image/", "/jpeg", "image /jpeg", "image/ jpeg", "image/jp eg", "a/b/c",
            "a/b,c/d", "image/jp\u{e9}g", "image\\jpeg", "a/\u{0}", "\"a\"/b",
        ] { #expect(mediaType(text) == nil, "\(text)") }
    }
}
