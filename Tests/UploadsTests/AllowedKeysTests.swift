import Core
import FastCGI
import R2
import Testing
import Uploads

@Suite struct AllowedKeysTests {
    @Test func `R2_PREFIX and scopes narrow the keys a caller may use`() throws {
        let rules = UploadRules(prefixes: AllowedPrefixes(["users/"]), types: [], requiresType: false, maxBytes: 1)
        func allows(_ prefix: String?, _ key: String, scope: [String]? = nil) throws -> Bool {
            let parameters = Parameters(prefix.map { [("R2_PREFIX", $0)] } ?? [])
            let fields = try Fields(
                body: Array("{\"p\": \"\(key)\"}".utf8), caller: Caller(parameters, scopePrefixes: scope))
            let isRead = fields.objectKey("p", rules)?.text == key
            do throws(Fault) { try fields.check() } catch {
                #expect(error.code == .pathNotAllowed)
                #expect(!isRead)
                return false
            }
            return isRead
        }
        #expect(try allows(nil, "users/v/a"))
        #expect(try allows("users/u/", "users/u/a"))
        #expect(try !allows("users/u/", "users/v/a"))
        #expect(try !allows("", "users/v/a"), "an empty variable must not open the bucket")
        #expect(try allows("users/é/", "users/é/a"))
        #expect(try !allows("users/e\u{301}/", "users/é/a"), "another user's name that is equal in NFC")
        let scope = ["users/v/"]
        #expect(try allows(nil, "users/v/a", scope: scope))
        #expect(try !allows(nil, "users/u/a", scope: scope))
        #expect(try !allows("users/u/", "users/v/a", scope: scope))
    }
}
