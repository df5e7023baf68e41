import JSON

/// A part of a multipart upload and the URL to which the browser PUTs it: `{"part_number", "size", "upload_url"}`.
package struct SignedPart: JSONWritable, Sendable {
    /// How many parts r2-multipart-create and r2-multipart-resume sign. The browser requests the others when it needs
    /// them.
    package static let initialCount = 100

    let number: Int
    /// Bytes.
    let size: Int
    let url: String

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("part_number", number)
            $0.member("size", size)
            $0.member("upload_url", url)
        }
    }
}
