import JSON

/// One fault of one field: `{"field": "credential.client_id", "index"?: 2, "url"?: "…", "reason": "Field required"}`.
package struct FieldFault: Sendable, Equatable {
    package let field: String
    package var index: Int?
    package var url: String?
    package let reason: String

    package init(field: String, index: Int? = nil, url: String? = nil, reason: String) {
        self.field = field
        self.index = index
        self.url = url
        self.reason = reason
    }
}

extension FieldFault: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("field", field)
            $0.member("index", ifAny: index)
            $0.member("url", ifAny: url)
            $0.member("reason", reason)
        }
    }
}
