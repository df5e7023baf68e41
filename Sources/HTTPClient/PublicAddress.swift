import Glibc

/// Whether an address is one of the public internet: not loopback, private, link-local, shared (CGNAT), documentation,
/// multicast or reserved, and no IPv6 form that carries an IPv4 address. Source: IANA's special-purpose registries.
func isPublic(_ address: UnsafePointer<sockaddr>) -> Bool {
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
        address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            isPublic(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
        }
    case AF_INET6:
        address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
            withUnsafeBytes(of: $0.pointee.sin6_addr) { isPublic(v6: Array($0)) }
        }
    default: false
    }
}

private let special: [(network: UInt32, bits: UInt32)] = [
    (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16), (0xAC10_0000, 12),
    (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24), (0xC0A8_0000, 16), (0xC612_0000, 15), (0xC633_6400, 24),
    (0xCB00_7100, 24), (0xE000_0000, 4), (0xF000_0000, 4),
]

func isPublic(v4 address: UInt32) -> Bool {
    !special.contains { address >> (32 - $0.bits) == $0.network >> (32 - $0.bits) }
}

/// Global unicast (2000::/3) alone, without Teredo, ORCHID, documentation and 6to4.
func isPublic(v6 address: [UInt8]) -> Bool {
    guard address[0] & 0xE0 == 0x20 else { return false }
    let first = UInt32(address[0]) << 24 | UInt32(address[1]) << 16 | UInt32(address[2]) << 8 | UInt32(address[3])
    return first >> 16 != 0x2002 && first >> 9 != 0x2001_0000 >> 9 && first != 0x2001_0DB8
        && first >> 12 != 0x3FFF_0000 >> 12
}
