import Encoding
import Glibc

/// Whether an address belongs to the public internet: not loopback, private, link-local, shared (CGNAT), documentation,
/// multicast or reserved, and not an IPv6 form that carries an IPv4 address. Source: IANA's special-purpose registries.
func isPublic(_ address: UnsafePointer<sockaddr>) -> Bool {
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
        address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            withUnsafeBytes(of: $0.pointee.sin_addr) { isPublic(v4: Array($0)) }
        }
    case AF_INET6:
        address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
            withUnsafeBytes(of: $0.pointee.sin6_addr) { isPublic(v6: Array($0)) }
        }
    default: false
    }
}

/// - Parameter address: 4 bytes in network order.
func isPublic(v4 address: [UInt8]) -> Bool {
    !specialIPv4.contains { $0.contains(address) }
}

/// - Parameter address: 16 bytes in network order.
func isPublic(v6 address: [UInt8]) -> Bool {
    globalUnicast.contains(address) && !specialIPv6.contains { $0.contains(address) }
}

private let specialIPv4: [AddressBlock] = [
    "0.0.0.0/8",  // RFC 791: this network
    "10.0.0.0/8",  // RFC 1918: private use
    "100.64.0.0/10",  // RFC 6598: shared address space (CGNAT)
    "127.0.0.0/8",  // RFC 1122: loopback
    "169.254.0.0/16",  // RFC 3927: link-local
    "172.16.0.0/12",  // RFC 1918: private use
    "192.0.0.0/24",  // RFC 6890: IETF protocol assignments
    "192.0.2.0/24",  // RFC 5737: documentation
    "192.88.99.0/24",  // RFC 7526: 6to4 relays, deprecated
    "192.168.0.0/16",  // RFC 1918: private use
    "198.18.0.0/15",  // RFC 2544: benchmarking
    "198.51.100.0/24",  // RFC 5737: documentation
    "203.0.113.0/24",  // RFC 5737: documentation
    "224.0.0.0/4",  // RFC 5771: multicast
    "240.0.0.0/4",  // RFC 1112: reserved, with the limited broadcast address
]

private let globalUnicast: AddressBlock = "2000::/3"  // RFC 4291

/// Special blocks inside `globalUnicast`.
private let specialIPv6: [AddressBlock] = [
    "2001::/23",  // RFC 2928: IETF protocol assignments, among them Teredo and ORCHID
    "2001:db8::/32",  // RFC 3849: documentation
    "2002::/16",  // RFC 3056: 6to4
    "3fff::/20",  // RFC 9637: documentation
]

/// The addresses of a literal in CIDR notation: `10.0.0.0/8`, `2001:db8::/32`.
private struct AddressBlock: ExpressibleByStringLiteral {
    private let network: [UInt8]
    private let prefixLength: Int

    init(stringLiteral cidr: String) {
        let parts = cidr.split(separator: "/")
        let isIPv6 = cidr.utf8.contains(.colon)
        var network = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        precondition(inet_pton(isIPv6 ? AF_INET6 : AF_INET, String(parts[0]), &network) == 1, cidr)
        self.network = network
        prefixLength = Int(parts[1])!
    }

    func contains(_ address: [UInt8]) -> Bool {
        let (wholeBytes, bits) = prefixLength.quotientAndRemainder(dividingBy: 8)
        return address.starts(with: network.prefix(wholeBytes))
            && (bits == 0 || address[wholeBytes] >> (8 - bits) == network[wholeBytes] >> (8 - bits))
    }
}
