/// An access key of AWS or R2. Descriptions and mirrors contain neither half.
package struct Credentials: Sendable, CustomStringConvertible, CustomReflectable {
    package let accessKeyID: String
    package let secretAccessKey: String

    package init(accessKeyID: String, secretAccessKey: String) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
    }

    package var description: String { "Credentials(…)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The scope of a signing key: one UTC day, one region, one service.
package struct CredentialScope: Sendable {
    package let date: String
    /// `20130524/us-east-1/s3/aws4_request`
    package let text: String
    package let region: String
    package let service: String

    /// - Parameter date: the day of the request's timestamp: `20130524`.
    package init(date: String, region: String, service: String) {
        self.date = date
        self.region = region
        self.service = service
        text = "\(date)/\(region)/\(service)/aws4_request"
    }
}
