/// The media type of an image by its first bytes, whatever its name or server says. nil: no image we know.
/// Sources: JFIF, PNG, GIF89a, RIFF/WebP and ISO BMFF (HEIF, AVIF: brands in `ftyp`).
package func imageType(_ head: [UInt8]) -> String? {
    func has(_ mark: [UInt8], at offset: Int = 0) -> Bool {
        head.count >= offset + mark.count && head[offset..<offset + mark.count].elementsEqual(mark)
    }
    func has(_ mark: String, at offset: Int = 0) -> Bool { has(Array(mark.utf8), at: offset) }

    if has([0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
    if has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
    if has("GIF87a") || has("GIF89a") { return "image/gif" }
    if has("RIFF"), has("WEBP", at: 8) { return "image/webp" }
    if has("ftyp", at: 4) {
        if has("avif", at: 8) || has("avis", at: 8) { return "image/avif" }
        if ["heic", "heix", "hevc", "hevx", "heim", "heis", "mif1"].contains(where: { has($0, at: 8) }) {
            return "image/heic"
        }
    }
    return nil
}
