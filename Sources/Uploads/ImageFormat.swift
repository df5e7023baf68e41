import Encoding
import R2

/// The image formats that are stored. Each has media types, file extensions and a signature in its first bytes.
///
/// Sources: JFIF, PNG, GIF89a, RIFF/WebP, ISO/IEC 14496-12 (`ftyp`), ISO/IEC 23008-12 (HEIF, its registered brands) and
/// the AVIF specification of AOM.
package enum ImageFormat: CaseIterable, Sendable {
    case jpeg, png, webp, gif, avif, heic

    /// The media type that is signed and stored.
    package var mediaType: String { names.types[0] }

    /// How many of a file's first bytes `init(head:)` needs: enough for an `ftyp` box with sixty brands.
    package static let headBytes = 256

    /// The media types (the registered one first), the file extensions, and the brands in an `ftyp` box.
    private var names: (types: [String], extensions: [String], brands: [String]) {
        switch self {
        case .jpeg: (["image/jpeg", "image/jpg", "image/pjpeg"], ["jpg", "jpeg", "jpe", "jfif"], [])
        case .png: (["image/png", "image/x-png"], ["png"], [])
        case .webp: (["image/webp"], ["webp"], [])
        case .gif: (["image/gif"], ["gif"], [])
        case .avif: (["image/avif", "image/avif-sequence"], ["avif", "avifs"], ["avif", "avis", "MA1A", "MA1B"])
        case .heic:
            (
                ["image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"],
                ["heic", "heif", "heics", "heifs", "hif"],
                ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "MiHA", "MiHB", "MiHE"]
            )
        }
    }

    /// Brands of HEIF that don't identify the codec. A file that has only such brands counts as HEIC.
    private static let genericBrands = ["mif1", "mif2", "msf1", "miaf"]

    /// - Parameter mediaType: in lower case, without parameters.
    package init?(mediaType: String) {
        guard let format = Self.allCases.first(where: { $0.names.types.contains(mediaType) }) else { return nil }
        self = format
    }

    package init?(fileExtension: String) {
        let name = fileExtension.lowercased()
        guard let format = Self.allCases.first(where: { $0.names.extensions.contains(name) }) else { return nil }
        self = format
    }

    /// The format of a file with these first bytes.
    package init?(head: [UInt8]) {
        func has(_ signature: [UInt8], at offset: Int = 0) -> Bool { head.dropFirst(offset).starts(with: signature) }
        func has(_ signature: String, at offset: Int = 0) -> Bool { has(Array(signature.utf8), at: offset) }

        if has([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if has("GIF87a") || has("GIF89a") {
            self = .gif
        } else if has("RIFF"), has("WEBP", at: 8) {
            self = .webp
        } else if has("ftyp", at: 4), let format = Self.format(of: Self.brands(head)) {
            self = format
        } else {
            return nil
        }
    }

    private static func format(of brands: [String]) -> ImageFormat? {
        for brand in brands {
            if let format = allCases.first(where: { $0.names.brands.contains(brand) }) { return format }
        }
        return brands.contains(where: genericBrands.contains) ? .heic : nil
    }

    /// The brands of an `ftyp` box: size, `ftyp`, the major brand, its version, the compatible brands.
    private static func brands(_ head: [UInt8]) -> [String] {
        let size = head.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        // A size of 0 or 1 means a box that reaches to the end of the file or is longer than 4 GiB. Then only the major
        // brand is read.
        let box = head.prefix(max(size, 12))
        let starts = [8] + stride(from: 16, to: box.count, by: 4)
        return starts.filter { $0 + 4 <= box.count }.map { String(decoding: box[$0..<$0 + 4], as: UTF8.self) }
    }
}

extension ImageFormat {
    /// The format of a key's extension. Others count as JPEG, the format of nearly all of Ozon's pictures.
    package init(of key: ObjectKey) {
        let suffix = key.text.utf8.split(separator: UInt8.dot).last.map { String(Substring($0)) }
        self = suffix.flatMap { ImageFormat(fileExtension: $0) } ?? .jpeg
    }
}

/// A media type as it is compared, signed and stored: in lower case, without parameters, and with the registered name
/// of an image format. Nil if the string is not a media type.
package func storedMediaType(_ text: String) -> String? {
    mediaType(text).map { ImageFormat(mediaType: $0)?.mediaType ?? $0 }
}
