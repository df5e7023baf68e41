// POST /api/v1/r2/sign-request: signs one S3 operation, for clients that speak S3 themselves, such as Uppy 6.
//
//   in     {"method": "PUT", "key": "users/u/a.jpg", "uploadId"?: "…", "partNumber"?: 1, "partNumberMarker"?: 0,
//           "expiresIn"?: 3600, "contentType"?: "image/jpeg"}
//          method, uploadId and partNumber select the operation:
//              PUT                        PutObject; contentType
//              POST                       CreateMultipartUpload; contentType
//              PUT, uploadId, partNumber  UploadPart
//              GET, uploadId              ListParts; partNumberMarker
//              POST, uploadId             CompleteMultipartUpload; contentType
//              DELETE, uploadId           AbortMultipartUpload
//              DELETE                     DeleteObject, only with R2_ALLOW_DELETE=true
//          key is 1…1024 bytes and starts with one of R2_ALLOWED_PREFIXES. uploadId is 1…2048 bytes without control
//          characters. partNumber is 1…10000. partNumberMarker is 0…10000: the part after which the list begins.
//          expiresIn is 1…604800 seconds.
//          contentType is signed. It is one of R2_ALLOWED_TYPES, and R2_REQUIRE_TYPE=true makes it required; of
//          CompleteMultipartUpload it is application/xml, and never required.
//   out    {"url": "https://…", "key": "users/u/a.jpg", "headers": {"content-type": "image/jpeg"}}
//          key is in Unicode's normalization form C, in which R2 stores it. The browser must send the headers
//          unchanged: Content-Type replaces the client's own.
//   fails  400 for invalid fields and for other combinations of fields, all of which are listed; 403 for a key outside
//          the allowed prefixes, and for DeleteObject unless it is allowed.
//   calls  Nothing; signing needs no network. The size of an object or part is not signed, so MAX_UPLOAD_BYTES does not
//          limit it: use r2-presigned-url with content_length, or r2-multipart-create, where it matters.

import Core
import Encoding
import JSON
import R2
import Telemetry
import Uploads

struct Input: RequestBody {
    let operation: ObjectOperation
    let key: ObjectKey
    let parameters: QueryParameters
    let headers: Headers
    let expiresIn: Int

    init(_ fields: Fields, _ tools: SignRequestTools) throws(InvalidFields) {
        let rules = tools.signing.rules
        let operation = fields.operation()
        let key = fields.objectKey("key", rules)
        let uploadID = fields.uploadID(named: "uploadId", required: operation == .uploadPart || operation == .listParts)
        let partNumber = fields.integer(
            "partNumber", in: 1...PartPlan.maxParts, ofOnly: .uploadPart, for: operation, required: true)
        let marker = fields.integer(
            "partNumberMarker", in: 0...PartPlan.maxParts, ofOnly: .listParts, for: operation, required: false)
        let expiresIn = fields.integer("expiresIn", in: Presigner.lifetimes, required: false)
        let contentType = fields.contentType(of: operation, rules)
        (self.operation, self.key) = try fields.require(operation, key)
        parameters = self.operation.parameters(uploadID: uploadID, partNumber: partNumber, marker: marker)
        headers = contentType.map { ["content-type": $0] } ?? [:]
        self.expiresIn = expiresIn ?? Presigner.defaultLifetime
    }
}

struct Output: ResponseBody, JSONWritable {
    let url: String
    let key: ObjectKey
    let headers: Headers

    func write(to json: inout JSONWriter) {
        json.object {
            $0.member("url", url)
            $0.member("key", key.text)
            $0.member("headers", headers)
        }
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<SignRequestTools>) throws -> Output {
    if input.operation == .deleteObject, !context.tools.allowsDelete { throw Fault(.operationNotAllowed) }
    let url = context.tools.signing.url(
        for: input.operation, on: input.key, parameters: input.parameters, headers: input.headers,
        expiresIn: input.expiresIn, at: context.time)
    return Output(url: url, key: input.key, headers: input.headers)
}

serve("r2-sign-request", handle)
