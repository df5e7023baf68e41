import Encoding
import FastCGI
import R2
import Testing
@testable import Core
@testable import Uploads

@Suite("What a request asks for besides its fields")
struct CallTests {
    @Test("the media type is application/json, in any case and with parameters; nothing that a form can send")
    func mediaTypes() {
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

    @Test("Accept names lines, unless with q=0")
    func accept() {
        let type = "application/x-ndjson"
        for header in [type, "text/html, \(type)", "\(type);q=0.5", "Application/X-NDJSON", " \(type) ; q=1"] {
            #expect(accepts(header, type), "\(header)")
        }
        for header in ["", "*/*", "application/*", "application/json", "\(type);q=0", "\(type); q=0.000", "x\(type)"] {
            #expect(!accepts(header, type), "\(header)")
        }
    }

    @Test("R2_PREFIX narrows what a call may reach")
    func prefix() throws {
        let rules = UploadRules(prefixes: AllowedPrefixes(["users/"]), types: [], requiresType: false, maxBytes: 1)
        func allows(_ prefix: String?, _ key: String, scope: AllowedPrefixes? = nil) throws -> Bool {
            let parameters = Parameters(prefix.map { [("R2_PREFIX", $0)] } ?? [])
            let fields = try Fields(
                body: Array("{\"p\": \"\(key)\"}".utf8), caller: Caller(parameters, scope: scope))
            let isRead = fields.objectKey("p", rules)?.text == key
            do throws(Fault) { try fields.check() } catch {
                #expect(error.kind == .pathNotAllowed)
                #expect(!isRead)
                return false
            }
            return isRead
        }
        #expect(try allows(nil, "users/v/a"))
        #expect(try allows("users/u/", "users/u/a"))
        #expect(try !allows("users/u/", "users/v/a"))
        #expect(try !allows("", "users/v/a"), "an empty variable must not open the bucket")
        let scope = AllowedPrefixes(["users/v/"])
        #expect(try allows(nil, "users/v/a", scope: scope))
        #expect(try !allows(nil, "users/u/a", scope: scope))
        #expect(try !allows("users/u/", "users/v/a", scope: scope))
    }
}
