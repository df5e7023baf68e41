import CCrypto

/// MD5, for S3's ETags alone: of a part the MD5 of its bytes, of a multipart object the MD5 of its parts' MD5s.
package func md5(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
        precondition(MD5(bytes, bytes.count, buffer.baseAddress) != nil, "libcrypto refused MD5")
        count = 16
    }
}
