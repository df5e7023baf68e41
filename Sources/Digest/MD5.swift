import CCrypto

/// The 16 bytes of the MD5 digest. S3 builds ETags from it; nothing here relies on it for security.
package func md5(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
        precondition(MD5(bytes, bytes.count, buffer.baseAddress) != nil, "MD5 failed in libcrypto")
        count = 16
    }
}
