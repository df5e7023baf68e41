import Core

/// An error about a picture of the last import, as `/v2/product/pictures/info` returns it.
struct PictureError {
    /// Empty if Ozon names no picture.
    let url: String
    let message: String

    var reason: String { message.isEmpty ? PictureReason.rejected : message }
}

extension PictureError {
    init(_ error: ResponseValue) throws(Fault) {
        url = try error.string(ifAny: "url") ?? ""
        message = error.scrubbed(try error.string(ifAny: "message") ?? "")
    }
}
