import Digest
import Encoding
import SigV4
import TestSupport
import Testing

/// AWS's published examples, with the result of each stage. Each names the page it is from.
private struct Examples: Decodable {
    struct Case: Decodable {
        let name: String
        let method: String
        let key: String
        let query: [[String]]
        let headers: [[String]]
        let payload_hash: String
        let canonical_request: String
        let string_to_sign: String?
        let signature: String
    }
    let secret_access_key: String
    let date: String
    let stamp: String
    let region: String
    let service: String
    let cases: [Case]

    static func read() throws -> Examples {
        try Vectors(beside: #filePath).json("aws-examples.json")
    }

    var scope: CredentialScope { CredentialScope(date: date, region: region, service: service) }
}

@Suite struct StagesTests {
    private let examples: Examples

    init() throws {
        examples = try Examples.read()
        #expect(examples.cases.count == 5)
    }

    private func canonical(_ example: Examples.Case) -> [UInt8] {
        canonicalRequest(
            method: example.method, path: Array(example.key.percentEncoded(keepingSlash: true).utf8),
            query: canonicalQuery(example.query.map { ($0[0], $0[1]) }),
            headers: SignedHeaders(Headers(example.headers.map { ($0[0], $0[1]) })), payloadHash: example.payload_hash)
    }

    @Test func `Step 1 creates AWS's canonical request`() {
        for example in examples.cases {
            #expect(text(canonical(example)) == example.canonical_request, "\(example.name)")
        }
    }

    @Test func `Step 2 creates AWS's string to sign`() {
        for example in examples.cases {
            guard let expected = example.string_to_sign else { continue }
            let made = stringToSign(
                stamp: examples.stamp, scope: examples.scope, canonicalRequest: Array(example.canonical_request.utf8))
            #expect(text(made) == expected, "\(example.name)")
        }
    }

    @Test func `Steps 3 and 4 create AWS's signature from its string to sign`() {
        let key = signingKey(secret: examples.secret_access_key, scope: examples.scope)
        for example in examples.cases {
            guard let string = example.string_to_sign else { continue }
            #expect(hex(signature(key: key, stringToSign: Array(string.utf8))) == example.signature, "\(example.name)")
        }
    }

    @Test func `All steps together create AWS's signature`() {
        let key = signingKey(secret: examples.secret_access_key, scope: examples.scope)
        for example in examples.cases {
            let string = stringToSign(
                stamp: examples.stamp, scope: examples.scope, canonicalRequest: canonical(example))
            #expect(hex(signature(key: key, stringToSign: string)) == example.signature, "\(example.name)")
        }
    }

    @Test func `Another secret, day, region or service results in another signature`() throws {
        let example = try #require(examples.cases.first)
        let string = Array(try #require(example.string_to_sign).utf8)
        let secret = examples.secret_access_key
        let keys = [
            signingKey(secret: String(secret.dropLast()), scope: examples.scope),
            signingKey(secret: secret, scope: CredentialScope(date: "20130525", region: "us-east-1", service: "s3")),
            signingKey(secret: secret, scope: CredentialScope(date: "20130524", region: "auto", service: "s3")),
            signingKey(secret: secret, scope: CredentialScope(date: "20130524", region: "us-east-1", service: "iam")),
        ]
        for key in keys { #expect(hex(signature(key: key, stringToSign: string)) != example.signature) }
    }
}

@Suite struct PartsTests {
    @Test func `A canonical query is sorted by encoded name and then by value`() {
        let made = canonicalQuery([("b", "1"), ("a", "2"), ("a", "10"), ("A", "z"), ("a b", ""), ("a-", "")])
        // Bytes are compared: %20 sorts before -, A before a, and 10 before 2.
        #expect(text(made) == "A=z&a=10&a=2&a%20b=&a-=&b=1")
    }

    @Test func `A query in a URL keeps its order`() {
        #expect(text(query([("b", "1"), ("a", "/ +")])) == "b=1&a=%2F%20%2B")
        #expect(text(query([])) == "")
    }

    @Test func `Header values are trimmed and their runs of blanks collapsed`() {
        let headers = SignedHeaders(["x": "  a \t  b  ", "host": "h", "a": "", "b": "\t "])
        #expect(headers.names == "a;b;host;x")
        #expect(headers.lines.map(\.value) == ["", "", "h", "a b"])
    }

    @Test func `A credential scope consists of day, region and service`() {
        #expect(
            CredentialScope(date: "20130524", region: "auto", service: "s3").text == "20130524/auto/s3/aws4_request")
    }

    @Test func `No description of credentials shows the key ID or the secret`() {
        let credentials = Credentials(accessKeyID: "AKIDNEVERSHOWN", secretAccessKey: "secretNeverShown")
        var dumped = ""
        dump(credentials, to: &dumped)
        dump([credentials], to: &dumped)
        let shown = [
            String(describing: credentials), String(reflecting: credentials), "\(credentials)", "\([credentials])",
            "\(Optional(credentials) as Any)", dumped,
        ]
        for text in shown { #expect(!text.contains("NEVERSHOWN") && !text.contains("NeverShown"), "\(text)") }
    }
}
