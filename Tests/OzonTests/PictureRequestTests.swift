import TestSupport
import Testing

@testable import Core
@testable import Ozon

func pushRules(_ environment: [String: String] = [:]) -> PushRules {
    var settings = Settings { environment[$0] }
    return PushRules(&settings)
}

func pictures(_ body: String, _ environment: [String: String] = [:]) throws(Fault) -> PictureRequest {
    let fields = try Fields(body: Array(body.utf8), caller: .unlimited)
    let request = PictureRequest(fields, pushRules(environment))
    try fields.check()
    return request
}

private func faults(_ body: String, _ environment: [String: String] = [:]) -> [FieldFault] {
    do throws(Fault) { _ = try pictures(body, environment) } catch { return error.errors }
    return []
}

private func many(_ count: Int, of kind: String = "i") -> String {
    (0..<count).map { "\"https://h/\(kind)\($0)\"" }.joined(separator: ",")
}

@Suite struct PictureRequestTests {
    @Test func `Nulls and empty strings are skipped, and the others keep their index in the caller's list`() throws {
        let request = try pictures(
            #"{"images": [null, "https://h/a", "", "https://h/b"], "images360": ["", null], "color_image": ""}"#)
        #expect(request.images == [Picture(index: 1, url: "https://h/a"), Picture(index: 3, url: "https://h/b")])
        #expect(request.images360.isEmpty && request.color == nil && request.notPushed.isEmpty)
        #expect(!request.isEmpty)
    }

    @Test func `An extension that Ozon does not accept by link is a warning`() throws {
        for (image, color, isWarned) in [
            ("a.jpg", "a.jpg", (false, false)), ("a.JPEG", "a.jpeg?x=.webp", (false, false)),
            ("a.png", "a.PNG", (false, true)), ("a.webp", "a.webp#f", (true, true)),
            ("a.HEIC?v=1.jpg", "a.gif", (true, true)), ("a.avif/b", "avif", (false, false)),
            ("image?name=a.webp", ".webp", (false, true)),
        ] {
            let request = try pictures(
                #"{"images": ["", "https://h.webp/\#(image)"], "color_image": "https://h.webp/\#(color)"}"#)
            let image = FieldFault(
                field: "images", index: 1, url: "https://h.webp/\(image)", reason: "Ozon accepts only JPG or PNG by URL"
            )
            let color = FieldFault(
                field: "color_image", url: "https://h.webp/\(color)", reason: "Ozon accepts only JPG by URL")
            #expect(request.warnings == (isWarned.0 ? [image] : []) + (isWarned.1 ? [color] : []))
        }
        #expect(
            try pictures(#"{"images": ["https://h.webp", "https://h.webp?a"]}"#).warnings.isEmpty,
            "a host has no extension")
    }

    @Test(arguments: [
        "{}", #"{"images": null, "images360": null, "color_image": null}"#,
        #"{"images": [], "images360": [], "color_image": ""}"#, #"{"images": [null, ""], "on_invalid": "skip"}"#,
    ])
    func `An empty request is not a fault`(_ body: String) throws {
        let request = try pictures(body)
        #expect(request.isEmpty && request.notPushed.isEmpty)
    }

    @Test func `Every invalid URL is reported with the caller's index`() {
        let body = """
            {"images": [null, "https://h/a", "ftp://h/a"], "images360": ["", "h"], "color_image": "https://h/a b"}
            """
        #expect(
            faults(body) == [
                FieldFault(field: "images", index: 2, url: "ftp://h/a", reason: "Invalid URL format"),
                FieldFault(field: "images360", index: 1, url: "h", reason: "Invalid URL format"),
                FieldFault(field: "color_image", url: "https://h/a b", reason: "Invalid URL format"),
            ])
    }

    @Test func `A value that is not a string is a fault even when skipping invalid URLs`() {
        let expected = [
            FieldFault(field: "images", index: 1, reason: "Must be a string"),
            FieldFault(field: "images360", reason: "Must be an array"),
            FieldFault(field: "color_image", reason: "Must be a string"),
        ]
        for more in ["", #", "on_invalid": "skip""#] {
            #expect(
                faults(#"{"images": ["https://h/a", 7], "images360": "https://h/a", "color_image": []\#(more)}"#)
                    == expected)
        }
    }

    @Test func `With on_invalid skip the valid pictures are kept and the others reported`() throws {
        let request = try pictures(
            #"{"images": ["h", "https://h/a", "x y"], "color_image": "c", "on_invalid": "skip"}"#)
        #expect(request.images == [Picture(index: 1, url: "https://h/a")])
        #expect(request.color == nil)
        #expect(
            request.notPushed == [
                FieldFault(field: "images", index: 0, url: "h", reason: "Invalid URL format"),
                FieldFault(field: "images", index: 2, url: "x y", reason: "Invalid URL format"),
                FieldFault(field: "color_image", url: "c", reason: "Invalid URL format"),
            ])
    }

    @Test func `With on_invalid skip it is a fault if none is left, and an unknown value skips nothing`() {
        let expected = [FieldFault(field: "images", index: 1, url: "h", reason: "Invalid URL format")]
        #expect(faults(#"{"images": [null, "h"], "on_invalid": "skip"}"#) == expected)
        let unknown = FieldFault(field: "on_invalid", reason: "Must be one of reject, skip")
        #expect(faults(#"{"images": ["https://h/a", "h"], "on_invalid": "Skip"}"#) == expected + [unknown])
    }

    @Test func `Thirty images are pushed, counted after filtering, and the rest is reported once`() throws {
        let request = try pictures("{\"images\": [null, \"\", \(many(31))]}")
        #expect(request.images.count == 30)
        #expect(request.images.first == Picture(index: 2, url: "https://h/i0"))
        #expect(request.images.last == Picture(index: 31, url: "https://h/i29"))
        #expect(request.notPushed == [FieldFault(field: "images", reason: "Exceeds limit (30)")])
        #expect(try pictures("{\"images\": [null, \"\", \(many(30))]}").notPushed.isEmpty)
        let skipping = try pictures("{\"images\": [\"h\", \(many(30))], \"on_invalid\": \"skip\"}")
        #expect(skipping.images.count == 30)
        #expect(skipping.notPushed.map(\.reason) == ["Invalid URL format"])
    }

    @Test func `OZON_MAX_IMAGES sets the limit that the reason states`() throws {
        let request = try pictures("{\"images\": [\(many(3))]}", ["OZON_MAX_IMAGES": "2"])
        #expect(request.images.count == 2)
        #expect(request.notPushed == [FieldFault(field: "images", reason: "Exceeds limit (2)")])
    }

    @Test func `With v2 images360 are reported, and are a fault if there is nothing else`() throws {
        let report = FieldFault(field: "images360", reason: "Not supported by Ozon since 2026-07-10")
        let request = try pictures(#"{"images": ["https://h/a"], "images360": ["https://h/b"]}"#)
        #expect(request.images.count == 1 && request.images360.isEmpty)
        #expect(request.notPushed == [report])
        #expect(faults(#"{"images": [""], "images360": ["https://h/b"]}"#) == [report])
    }

    @Test func `With v1 up to 70 images360 are pushed`() throws {
        let request = try pictures("{\"images360\": [\(many(71))]}", ["OZON_PICTURES_API": "v1"])
        #expect(request.images360.count == 70)
        #expect(request.notPushed == [FieldFault(field: "images360", reason: "Exceeds limit (70)")])
        #expect(try pictures("{\"images360\": [\(many(70))]}", ["OZON_PICTURES_API": "v1"]).notPushed.isEmpty)
    }

    @Test func `OZON_PUSH_VALIDATE_URLS=false allows any URL but still reports other faults`() throws {
        let off = ["OZON_PUSH_VALIDATE_URLS": "false"]
        let request = try pictures("{\"images\": [null, \"a b\", \(many(30))], \"color_image\": \"ftp://é\"}", off)
        #expect(request.images.first == Picture(index: 1, url: "a b"))
        #expect(request.color?.url == "ftp://é")
        #expect(request.notPushed.map(\.reason) == ["Exceeds limit (30)"])
        #expect(faults(#"{"images": [1]}"#, off).map(\.reason) == ["Must be a string"])
    }
}
