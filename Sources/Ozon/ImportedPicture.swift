import Core

/// One picture in the response to a v1 import.
struct ImportedPicture {
    enum State: String, CaseIterable {
        case imported, uploaded, pending, failed
    }

    let url: String
    let state: State
    let is360: Bool

    init(_ picture: ResponseValue) throws(Fault) {
        url = try picture.string("url")
        state = try picture.enumCase("state")
        is360 = try picture.bool(ifAny: "is_360") ?? false
    }
}
