/// How a file of a known size is cut into parts: a pure function of the size, so that every call and every process agrees.
///
/// R2 wants all parts equal but the last, which is not larger, at least 5 MiB (but the last), at most 4.995 GiB and at most
/// 10,000 of them, and checks it only when the upload is completed. Source: Cloudflare, "Multipart upload".
package struct PartPlan: Sendable, Equatable {
    package static let maxParts = 10_000
    package static let sizes = 5 << 20...5_363_340_410
    /// 10,000 parts of 4.995 GiB are more than R2 holds in one object: 4.995 TiB.
    package static let maxBytes = 5_492_060_580_741
    private static let mebibyte = 1 << 20

    /// Bytes, 1 or more.
    package let size: Int
    /// Bytes of every part but the last.
    package let partSize: Int

    /// max(5 MiB, size / 10,000 rounded up to a MiB), unless `partSize` is given. nil: it would make too many parts.
    package init?(size: Int, partSize: Int?) {
        self.size = size
        let least = (size + Self.maxParts - 1) / Self.maxParts
        self.partSize =
            partSize ?? max(Self.sizes.lowerBound, (least + Self.mebibyte - 1) / Self.mebibyte * Self.mebibyte)
        guard count <= Self.maxParts else { return nil }
    }

    package var count: Int { (size + partSize - 1) / partSize }

    /// Bytes of one part. - Parameter number: 1…count.
    package func size(of number: Int) -> Int {
        number < count ? partSize : size - (count - 1) * partSize
    }
}
