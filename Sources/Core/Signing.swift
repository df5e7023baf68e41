import HTTP
import R2

/// What an endpoint that only signs holds.
package struct Signing: Tools {
    package let presigner: Presigner
    package let rules: UploadRules

    package init?(_ settings: inout Settings) {
        let bucket = settings.bucket()
        rules = settings.uploadRules()
        guard let bucket else { return nil }
        presigner = Presigner(bucket)
    }
}

/// One part of a multipart upload and the URL to which the browser PUTs it: `{"part_number", "size", "upload_url"}`.
package struct SignedPart: JSONWritable, Sendable {
    let number: Int
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

/// Seconds a part's URL is good for.
package let partLifetime = 3600

/// How many parts create and resume sign unasked.
package let firstParts = 100

extension Presigner {
    package func parts(
        _ numbers: some Sequence<Int>, of plan: PartPlan, _ key: ObjectKey, upload: String, at time: UTCTime
    ) -> [SignedPart] {
        numbers.map { number in
            SignedPart(
                number: number, size: plan.size(of: number),
                url: url(
                    key, parameters: [("partNumber", String(number)), ("uploadId", upload)], expiresIn: partLifetime,
                    at: time))
        }
    }
}
