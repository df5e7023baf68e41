import Core
import Encoding
import R2
import Telemetry

/// The dependencies of an endpoint that only signs.
package struct SigningTools: Tools {
    package let rules: UploadRules
    private let presigner: Presigner

    package var bucket: Bucket { presigner.bucket }

    package init?(_ settings: inout Settings) {
        let bucket = settings.bucket()
        rules = settings.uploadRules()
        guard let bucket else { return nil }
        presigner = Presigner(bucket)
    }

    /// The URL to which a browser PUTs an upload.
    package func url(for upload: Upload, at time: UTCTime) -> String {
        url(for: upload.key, headers: upload.signedHeaders, expiresIn: upload.expiresIn, at: time)
    }

    /// - Parameter headers: the browser must send them unchanged.
    package func url(
        for key: ObjectKey, headers: Headers, expiresIn: Int = Presigner.defaultLifetime, at time: UTCTime
    ) -> String {
        url(for: .putObject, on: key, parameters: [], headers: headers, expiresIn: expiresIn, at: time)
    }

    /// The URL for an operation.
    /// - Parameter parameters: from `ObjectOperation.parameters`.
    /// - Parameter headers: the browser must send them unchanged.
    package func url(
        for operation: ObjectOperation, on key: ObjectKey, parameters: QueryParameters, headers: Headers = [:],
        expiresIn: Int = Presigner.defaultLifetime, at time: UTCTime
    ) -> String {
        RequestTrace.countSignedURL()
        return presigner.url(
            key, method: operation.method, parameters: parameters, headers: headers, expiresIn: expiresIn, at: time)
    }

    /// The URLs to which a browser PUTs parts of a multipart upload. They expire after `Presigner.defaultLifetime`.
    package func parts(
        _ numbers: some Sequence<Int>, of plan: PartPlan, key: ObjectKey, uploadID: String, at time: UTCTime
    ) -> [SignedPart] {
        numbers.map { number in
            let part = ObjectOperation.uploadPart
            return SignedPart(
                number: number, size: plan.size(ofPart: number),
                url: url(
                    for: part, on: key, parameters: part.parameters(uploadID: uploadID, partNumber: number), at: time))
        }
    }
}
