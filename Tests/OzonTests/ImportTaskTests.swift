import Testing

@testable import Core
@testable import Ozon

@Suite("Ozon's import tasks")
struct ImportTaskTests {
    private func task(_ item: String) throws -> ImportTask {
        let body = #"{"result": {"total": 1, "items": [\#(item)]}}"#
        return ImportTask(try JSON(Array(body.utf8), duplicates: .lastWins), try credential())
    }

    @Test("the state of the one item; none, or an unknown word, is pending")
    func states() throws {
        for (item, status) in [
            (#"{"status": "pending"}"#, .pending), (#"{"status": "imported"}"#, .imported),
            (#"{"status": "skipped"}"#, .skipped), (#"{"status": "failed"}"#, .failed), ("", .pending),
            (#"{"status": "Imported"}"#, .pending), (#"{"status": 1}"#, .pending), ("{}", .pending), ("7", .pending),
        ] as [(String, ImportTask.Status)] {
            #expect(try task(item).status == status, "\(item)")
        }
        #expect(ImportTask(.null, try credential()).status == .pending)
    }

    @Test("the errors: message, else description, else code, scrubbed; the field tells whether it is the color")
    func errors() throws {
        let errors = try task(
            """
            {"status": "imported", "errors": [
             {"code": "c", "field": "pictures", "message": "m api-key-never-shown", "description": "d"},
             {"code": "c", "field": "color_image", "message": "", "description": "d"}, {"code": "c"}, {}]}
            """
        ).errors
        #expect(errors.map(\.field) == ["images", "color_image", "images", "images"])
        #expect(errors.map(\.reason) == ["m ***", "d", "c", "Refused by Ozon"])
        #expect(try task(#"{"status": "failed", "errors": null}"#).errors.isEmpty)
    }
}
