import CCrypto

/// SHA-256 by libcrypto's SHA256_Init, SHA256_Update and SHA256_Final, which cannot fail.
package struct SHA256 {
    private var context = SHA256_CTX()

    package init() {
        check(SHA256_Init(&context))
    }

    package mutating func update(_ bytes: [UInt8]) {
        check(SHA256_Update(&context, bytes, bytes.count))
    }

    /// - Returns: 32 bytes.
    package consuming func digest() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            check(SHA256_Final(buffer.baseAddress!, &context))
            count = 32
        }
    }

    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.digest()
    }
}

/// An HMAC-SHA256 key (RFC 2104). Its two padded blocks are hashed once, so computing a MAC only hashes the message.
package struct HMACKey: Sendable {
    private var inner = SHA256()
    private var outer = SHA256()

    package init(_ key: [UInt8]) {
        var block = key.count > 64 ? SHA256.digest(key) : key
        block.append(contentsOf: repeatElement(0, count: 64 - block.count))
        inner.update(block.map { $0 ^ 0x36 })
        outer.update(block.map { $0 ^ 0x5c })
    }

    /// - Returns: 32 bytes.
    package func mac(of message: [UInt8]) -> [UInt8] {
        var inside = inner
        inside.update(message)
        var outside = outer
        outside.update(inside.digest())
        return outside.digest()
    }
}

/// Compares in a time that depends only on the lengths.
package func equalInConstantTime(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
}

private func check(_ result: Int32) {
    precondition(result == 1, "SHA-256 failed in libcrypto")
}
