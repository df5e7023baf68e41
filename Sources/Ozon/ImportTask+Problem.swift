import Core
import Encoding

extension ImportTask {
    /// An error of the task. With the status `imported`, it means that some pictures failed.
    struct Problem {
        /// `images` or `color_image`.
        let field: String
        let reason: String
        /// All strings of the error, one per line, at most `maxBytes`. They may contain a picture's URL.
        let texts: [UInt8]
        private static let maxBytes = 4096

        init(field: String, reason: String, texts: [String] = []) {
            self.field = field
            self.reason = reason
            self.texts = Array(texts.joined(separator: "\n").utf8.prefix(Self.maxBytes))
        }

        /// The reason is the message, else the description, else the code.
        init(_ error: ResponseValue) throws(Fault) {
            let nested = try error.object(ifAny: "texts")
            let reasons = [
                try error.string(ifAny: "message"), try error.string(ifAny: "description"),
                try nested?.string(ifAny: "message"), try nested?.string(ifAny: "description"),
                try error.string(ifAny: "code"),
            ].compactMap(\.self)
            self.init(
                field: try error.string(ifAny: "field")?.contains("color") == true ? "color_image" : "images",
                reason: error.scrubbed(reasons.first { !$0.isEmpty } ?? PictureReason.rejected), texts: error.texts)
        }

        var fault: FieldFault { FieldFault(field: field, reason: reason) }

        /// Whether a quota of items is used up.
        var isQuotaError: Bool { mentionsQuota(String(decoding: texts, as: UTF8.self)) }

        func mentions(_ picture: SentPicture) -> Bool {
            mentions(picture.url) || picture.url != picture.original.url && mentions(picture.original.url)
        }

        /// Whether the strings contain this URL, and not only a longer one that begins with it.
        func mentions(_ url: String) -> Bool {
            let url = Array(url.utf8)
            guard !url.isEmpty, texts.count >= url.count else { return false }
            return (0...(texts.count - url.count)).contains { start in
                guard texts[start] == url[0], texts[start...].starts(with: url) else { return false }
                var rest = texts[(start + url.count)...]
                // A full stop ends a sentence, or a file extension follows it.
                if rest.first == .dot { rest = rest.dropFirst() }
                return rest.first.map { !($0.isASCIIAlphanumeric || "/?#=&%-_~+@".utf8.contains($0)) } ?? true
            }
        }
    }
}
