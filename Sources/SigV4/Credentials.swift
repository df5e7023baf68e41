/// An access key as AWS and R2 issue it. Neither half appears in a description.
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

/// Where and when a signing key holds: one UTC day, one region, one service.
package struct CredentialScope: Sendable {
    package let date: String
    /// `20130524/us-east-1/s3/aws4_request`
    package let text: String
    package let region: String
    package let service: String

    /// - Parameter date: `20130524`, the day of the request's own stamp.
    package init(date: String, region: String, service: String) {
        self.date = date
        self.region = region
        self.service = service
        text = "\(date)/\(region)/\(service)/aws4_request"
    }
}
