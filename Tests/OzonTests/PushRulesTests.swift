import Testing

@testable import Core
@testable import Ozon

@Suite struct PushRulesTests {
    private func faults(_ environment: [String: String]) -> [String] {
        var settings = Settings { environment[$0] }
        _ = PushRules(&settings)
        return settings.faults
    }

    @Test func `The defaults are 30 s, 2 retries, validated URLs, 30 images and v2`() {
        let rules = pushRules()
        #expect(rules.timeout == .seconds(30) && rules.retries == 2 && rules.validatesURLs)
        #expect(rules.maxImages == 30 && rules.api == .v2 && rules.v1Path == "/v1/product/pictures/import")
    }

    @Test func `Every setting is read, and an invalid value is a fault of its name`() {
        let rules = pushRules([
            "OZON_PUSH_TIMEOUT": "1", "OZON_PUSH_MAX_RETRIES": "0", "OZON_PUSH_VALIDATE_URLS": "false",
            "OZON_MAX_IMAGES": "50", "OZON_PICTURES_API": "v1", "OZON_PICTURES_PATH": "/v1/product/pictures",
        ])
        #expect(rules.timeout == .seconds(1) && rules.retries == 0 && !rules.validatesURLs)
        #expect(rules.maxImages == 50 && rules.api == .v1 && rules.v1Path == "/v1/product/pictures")
        for (name, value) in [
            ("OZON_PUSH_TIMEOUT", "0"), ("OZON_PUSH_MAX_RETRIES", "-1"), ("OZON_PUSH_VALIDATE_URLS", "0"),
            ("OZON_MAX_IMAGES", "0"), ("OZON_PICTURES_API", "v3"), ("OZON_PICTURES_PATH", "v1/x"),
            ("OZON_PICTURES_PATH", "/v1 x"),
        ] {
            let found = faults([name: value])
            #expect(found.count == 1 && found[0].hasPrefix("\(name): "), "\(name)=\(value): \(found)")
        }
    }
}
