import Encoding

/// An operation of S3 that a browser can perform on one object with a presigned URL. The raw value is S3's name.
///
/// Source: AWS, "Amazon S3 API Reference".
package enum ObjectOperation: String, Sendable, CaseIterable {
    case putObject = "PutObject"
    case createUpload = "CreateMultipartUpload"
    case uploadPart = "UploadPart"
    case listParts = "ListParts"
    case completeUpload = "CompleteMultipartUpload"
    case abortUpload = "AbortMultipartUpload"
    case deleteObject = "DeleteObject"

    package var method: String {
        switch self {
        case .putObject, .uploadPart: "PUT"
        case .createUpload, .completeUpload: "POST"
        case .listParts: "GET"
        case .abortUpload, .deleteObject: "DELETE"
        }
    }

    /// The query parameters, in the order in which `Presigner` expects them.
    /// - Parameters:
    ///   - partNumber: the part to upload.
    ///   - marker: the part after which the list begins.
    package func parameters(
        uploadID: String? = nil, partNumber: Int? = nil, marker: Int? = nil
    ) -> QueryParameters {
        var parameters: QueryParameters = []
        if let marker { parameters.append(("part-number-marker", String(marker))) }
        if let partNumber { parameters.append(("partNumber", String(partNumber))) }
        if let uploadID { parameters.append(("uploadId", uploadID)) }
        if self == .createUpload { parameters.append(("uploads", "")) }
        return parameters
    }
}
