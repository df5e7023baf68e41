/// How a file is divided into parts. It depends only on the two sizes, so all requests and processes agree.
///
/// R2 requires equal parts of 5 MiB…4.995 GiB, except the last, which may be smaller, and at most 10,000 of them. It
/// checks this only when the upload is completed. Source: Cloudflare, "Multipart upload".
package struct PartPlan: Sendable, Equatable {
    package static let maxParts = 10_000
    /// The permitted sizes of a part, in bytes.
    package static let allowedSizes = 5 << 20...5_363_340_410
    /// R2's largest object: 4.995 TiB. 10,000 parts of 4.995 GiB would be larger.
    package static let maxBytes = 5_492_060_580_741
    private static let mebibyte = 1 << 20

    /// Bytes of the file, 1 or more.
    private let fileSize: Int
    /// Bytes of every part but the last.
    package let partSize: Int

    /// The default part size is size / 10,000 rounded up to a MiB, at least 5 MiB. Nil if there are too many parts.
    package init?(size: Int, partSize: Int?) {
        fileSize = size
        let least = Self.minPartSize(for: size)
        self.partSize =
            partSize ?? max(Self.allowedSizes.lowerBound, (least + Self.mebibyte - 1) / Self.mebibyte * Self.mebibyte)
        guard count <= Self.maxParts else { return nil }
    }

    /// The smallest part size with which `maxParts` parts suffice, in bytes.
    package static func minPartSize(for size: Int) -> Int { (size + maxParts - 1) / maxParts }

    package var count: Int { (fileSize + partSize - 1) / partSize }

    /// - Parameter number: 1…count.
    package func size(ofPart number: Int) -> Int {
        number < count ? partSize : fileSize - (count - 1) * partSize
    }
}
