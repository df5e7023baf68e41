import Testing

@testable import Core
@testable import Ozon

@Suite struct ImportTaskTests {
    private func task(_ items: String, offerID: String? = "A-1") throws -> ImportTask {
        let items = try response(#"{"items": [\#(items)]}"#).list("items")
        return try ImportTask(items, offerID: offerID, productID: 1)
    }

    private func item(_ members: String) -> String { #"{"offer_id": "A-1", "product_id": 1, \#(members)}"# }

    @Test func `The product's own item determines the status, and without one the task is pending`() throws {
        for status in ImportTask.Status.allCases {
            #expect(try task(item(#""status": "\#(status)", "errors": []"#)).status == status)
        }
        #expect(try task("").status == .pending)
        let other = #"{"offer_id": "B-1", "product_id": 2, "status": "imported"},"#
        #expect(
            try task(other + item(#""status": "failed""#)).status == .failed,
            "the first item belongs to another product")
        for members in ["", #""product_id": 0,"#, #""product_id": "1","#, #""product_id": null,"#] {
            #expect(
                try task(#"{"offer_id": "A-1", \#(members) "status": "imported", "errors": []}"#).status == .imported,
                "\(members)")
        }
        #expect(try task(item(#""status": "imported", "errors": []"#), offerID: nil).status == .imported)
    }

    @Test func `Foreign or duplicate items and unknown statuses are invalid`() throws {
        let rows = [
            item(#""status": "Imported""#), item(#""status": "archived""#), item(#""status": 1"#), item(#""x": 1"#),
            item(#""status": null"#), item(#""status": """#), "7", "null",
            #"{"product_id": 1, "status": "imported", "errors": []}"#,
            #"{"offer_id": "B-1", "product_id": 1, "status": "imported", "errors": []}"#,
            #"{"offer_id": "A-1", "product_id": 2, "status": "imported", "errors": []}"#,
            #"{"offer_id": "A-1", "product_id": {}, "status": "imported", "errors": []}"#,
            item(#""status": "imported", "errors": []"#) + "," + item(#""status": "failed""#),
            item(#""status": "imported", "errors": {}"#), item(#""status": "imported", "errors": ["x"]"#),
            item(#""status": "imported", "errors": [{"message": 5}]"#),
        ]
        for row in rows {
            let fault = #expect(throws: Fault.self, "\(row)") { try task(row) }
            #expect(fault?.code == .ozonBadAnswer, "\(row)")
        }
        #expect(throws: Fault.self) {
            try task(#"{"offer_id": "B", "product_id": 2, "status": "failed"}"#, offerID: nil)
        }
    }

    @Test func `A reason is the message, else the description, else the code, and is scrubbed`() throws {
        let errors = try task(
            item(
                """
                "status": "imported", "errors": [
                 {"code": "c", "field": "pictures", "message": "m api-key-never-shown", "description": "d"},
                 {"code": "c", "field": "color_image", "message": "", "description": "d"}, {"code": "c"},
                 {"texts": {"message": "", "description": "e"}}, {}]
                """)
        ).errors
        #expect(errors.map(\.field) == ["images", "color_image", "images", "images", "images"])
        #expect(errors.map(\.reason) == ["m ***", "d", "c", "e", "Refused by Ozon"])
        #expect(try task(item(#""status": "failed", "errors": null"#)).errors.isEmpty)
    }

    @Test func `An imported item with an error that is more than a warning has failed`() throws {
        for (level, status) in [
            ("warning", .imported), ("ERROR_LEVEL_WARNING", .imported), ("", .imported), ("error", .failed),
            ("ERROR_LEVEL_ERROR", .failed), ("ERROR_LEVEL_INTERNAL", .failed), ("critical", .failed),
            ("ERROR_LEVEL_UNSPECIFIED", .failed), ("no_warning", .failed),
        ] as [(String, ImportTask.Status)] {
            let row = item(#""status": "imported", "errors": [{"level": "\#(level)", "code": "c"}]"#)
            #expect(try task(row).status == status, "\(level)")
        }
        #expect(try task(item(#""status": "imported", "errors": [{"code": "c"}]"#)).status == .imported)
        #expect(try task(item(#""status": "skipped", "errors": [{"level": "error"}]"#)).status == .failed)
        #expect(try task(item(#""status": "skipped", "errors": [{"level": "warning"}]"#)).status == .skipped)
        let warnings = String(repeating: #"{"level": "warning"},"#, count: 150)
        #expect(try task(item(#""status": "imported", "errors": [\#(warnings) {"level": "error"}]"#)).status == .failed)
    }

    @Test func `A missing list of errors is empty, and one of another type is invalid`() throws {
        for row in [item(#""status": "imported""#), item(#""status": "imported", "errors": null"#)] {
            #expect(try task(row).errors.isEmpty)
        }
        #expect(throws: Fault.self) { try task(item(#""status": "imported", "errors": {}"#)) }
    }

    @Test func `An error that names a quota is a rate limit and not a rejection of the pictures`() throws {
        for error in [
            #"{"code": "item_limit_exceeded"}"#, #"{"message": "RESOURCE_EXHAUSTED: try later"}"#,
            #"{"code": "x", "texts": {"description": "ITEM_LIMIT_EXCEEDED"}}"#,
        ] {
            let quota = try task(item(#""status": "failed", "errors": [\#(error)]"#)).quota
            #expect(quota?.code == .rateLimited && quota?.retryAfter == 60, "\(error)")
        }
        #expect(try task(item(#""status": "failed", "errors": [{"code": "c"}]"#)).quota == nil)
    }

    @Test func `An error names a URL only if that is not the beginning of a longer one`() {
        func names(_ text: String, _ url: String = "https://h/a.jpg") -> Bool {
            ImportTask.Problem(field: "images", reason: "", texts: ["", text]).mentions(url)
        }
        for text in [
            "https://h/a.jpg", "can't load https://h/a.jpg.", "(https://h/a.jpg), 404", "https://h/a.jpg: gone",
            "https://h/a.jpg2 and https://h/a.jpg",
        ] { #expect(names(text), "\(text)") }
        for text in ["", "https://h/a.jp", "https://h/a.jpg?x", "https://h/a.jpgx", "https://h/a.jpg.webp", "a.jpg"] {
            #expect(!names(text), "\(text)")
        }
        #expect(!names("anything", ""))
        #expect(
            !names(String(repeating: " ", count: 4096) + "https://h/a.jpg"),
            "only the beginning of the texts is searched")
    }
}
