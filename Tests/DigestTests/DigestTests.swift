import Digest
import TestSupport
import Testing

private let vectors = Vectors(beside: #filePath)

@Suite struct SHA256Tests {
    struct File: Decodable {
        struct Case: Decodable { let text: String, repeated: Int, digest: String }
        let cases: [Case]
    }

    @Test func `NIST's examples have the expected digests`() throws {
        let file: File = try vectors.json("sha256.json")
        #expect(file.cases.count == 4)
        for example in file.cases {
            let message = Array(String(repeating: example.text, count: example.repeated).utf8)
            #expect(hex(SHA256.digest(message)) == example.digest)
        }
    }

    @Test(arguments: [1, 3, 63, 64, 65, 1000])
    func `A message hashed in pieces of any size has the digest of the whole`(_ size: Int) {
        let message = (0..<1500).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var hash = SHA256()
        for start in stride(from: 0, to: message.count, by: size) {
            hash.update(Array(message[start..<min(start + size, message.count)]))
        }
        #expect(hash.digest() == SHA256.digest(message))
    }

    @Test func `A copy of a hash is independent of the original`() {
        var one = SHA256()
        one.update(Array("a".utf8))
        var other = one
        other.update(Array("b".utf8))
        one.update(Array("c".utf8))
        #expect(one.digest() == SHA256.digest(Array("ac".utf8)))
        #expect(other.digest() == SHA256.digest(Array("ab".utf8)))
    }

    @Test func `Messages that differ in one bit or in length have different digests`() {
        #expect(SHA256.digest([0]) != SHA256.digest([1]))
        #expect(SHA256.digest([]) != SHA256.digest([0]))
    }
}

@Suite struct HMACTests {
    struct File: Decodable {
        struct Case: Decodable { let key: String, data: String, code: String }
        let cases: [Case]
    }

    @Test func `RFC 4231's test cases have the expected codes`() throws {
        let file: File = try vectors.json("rfc4231.json")
        #expect(file.cases.count == 6)
        for example in file.cases {
            let key = HMACKey(bytes(hex: example.key))
            #expect(hex(key.mac(of: bytes(hex: example.data))) == example.code)
        }
    }

    @Test func `A key can be used repeatedly without changing`() {
        let key = HMACKey(Array("Jefe".utf8))
        let first = key.mac(of: [1])
        _ = key.mac(of: [2])
        #expect(key.mac(of: [1]) == first)
    }

    @Test func `A key of 64 bytes is used unchanged, and a longer one is hashed`() {
        let block = [UInt8](repeating: 7, count: 64)
        #expect(HMACKey(block).mac(of: [1]) != HMACKey(SHA256.digest(block)).mac(of: [1]))
        #expect(HMACKey(block + [7]).mac(of: [1]) == HMACKey(SHA256.digest(block + [7])).mac(of: [1]))
    }

    @Test func `No description shows the key`() {
        let key = HMACKey(Array("wJalrXUtnFEMI".utf8))
        var dumped = ""
        dump(key, to: &dumped)
        for shown in [String(describing: key), String(reflecting: key), dumped] {
            #expect(!shown.contains("wJalrXUtnFEMI"))
        }
    }
}

@Suite struct ComparisonTests {
    @Test func `Equal bytes compare as equal`() {
        #expect(equalInConstantTime([], []))
        #expect(equalInConstantTime([1, 2, 3], [1, 2, 3]))
    }

    @Test func `Bytes that differ in length or in any single bit compare as unequal`() {
        #expect(!equalInConstantTime([1, 2], [1, 2, 3]))
        #expect(!equalInConstantTime([], [0]))
        let bytes = [UInt8](repeating: 0xA5, count: 32)
        for bit in 0..<256 {
            var other = bytes
            other[bit / 8] ^= 1 << (bit % 8)
            #expect(!equalInConstantTime(bytes, other))
        }
    }
}
