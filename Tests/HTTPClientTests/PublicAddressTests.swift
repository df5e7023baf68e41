import CCurl
import Foundation
import TestSupport
import Testing

@testable import HTTPClient

private func v4(_ text: String) throws -> Bool {
    var address = in_addr()
    try #require(inet_pton(AF_INET, text, &address) == 1, "\(text)")
    return isPublic(v4: withUnsafeBytes(of: address) { Array($0) })
}

private func v6(_ text: String) throws -> Bool {
    var address = in6_addr()
    try #require(inet_pton(AF_INET6, text, &address) == 1, "\(text)")
    return isPublic(v6: withUnsafeBytes(of: address) { Array($0) })
}

@Suite(.timeLimit(.minutes(1)))
struct PublicAddressTests {
    // IANA, "IPv4 Special-Purpose Address Registry": the first and last address of each block, and its neighbours.
    @Test func `The first and the last address of each special IPv4 block are not public`() throws {
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"), ("10.0.0.0", "10.255.255.255"), ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"), ("169.254.0.0", "169.254.255.255"), ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"), ("192.0.2.0", "192.0.2.255"), ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"), ("198.18.0.0", "198.19.255.255"), ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"), ("224.0.0.0", "239.255.255.255"), ("240.0.0.0", "255.255.255.255"),
        ] {
            #expect(try !v4(first), "\(first)")
            #expect(try !v4(last), "\(last)")
        }
    }

    @Test func `The addresses next to the special IPv4 blocks are public`() throws {
        for address in [
            "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
            "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
            "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
            "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "8.8.8.8",
        ] {
            #expect(try v4(address), "\(address)")
        }
    }

    @Test
    func
        `Special IPv6 addresses and those that embed an IPv4 address are not public`()
        throws
    {
        for address in [
            "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1", "100::1",
            "1fff:ffff::", "2001::1", "2001:1ff:ffff::", "2001:db8::1", "2001:db8:ffff::", "2002::1", "2002:7f00:1::",
            "2002:ffff::", "3fff::", "3fff:fff:ffff::", "4000::", "5f00::1", "fc00::1", "fdff::1", "fe80::1",
            "febf::1", "fec0::1", "ff02::1", "ffff::",
        ] {
            #expect(try !v6(address), "\(address)")
        }
    }

    @Test func `Global unicast IPv6 addresses are public`() throws {
        for address in [
            "2000::1", "2001:200::1", "2001:db7:ffff::", "2001:db9::", "2001:4860:4860::8888", "2003::1",
            "2606:4700::1", "2a02:6b8::1", "3ffe:ffff::", "3fff:1000::",
        ] {
            #expect(try v6(address), "\(address)")
        }
    }

    @Test func `Addresses of other families are not public`() {
        for family in [AF_UNSPEC, AF_UNIX] {
            var address = sockaddr()
            address.sa_family = sa_family_t(family)
            #expect(!isPublic(&address))
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `A request for public addresses only does not connect to loopback, by number or by name`(_ host: String)
        async throws
    {
        let server = try ScriptedServer([.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")])
        await #expect(throws: TransferError.forbiddenAddress) {
            try await plainClient.send(
                HTTPClient.Request(
                    "GET", "http://\(host):\(server.port)/", headers: [:], timeout: .seconds(10), maxResponseBytes: 1,
                    onlyPublicAddresses: true))
        }
        #expect(server.requests.isEmpty)
    }

    @Test func `A rejected address does not matter once another address of the host is connected`() {
        let transfer = Transfer(
            HTTPClient.Request(
                "GET", "http://h", headers: [:], timeout: .seconds(1), maxResponseBytes: 1, onlyPublicAddresses: true),
            sink: nil, OpenConnections())
        var address = curl_sockaddr()
        (address.family, address.addr.sa_family) = (AF_INET, sa_family_t(AF_INET))
        address.socktype = Int32(SOCK_STREAM.rawValue)
        #expect(transfer.open(&address) == -1)
        #expect(transfer.failure == .forbiddenAddress)
        withUnsafeMutableBytes(of: &address.addr) { $0[4...7].copyBytes(from: [1, 1, 1, 1]) }
        let descriptor = transfer.open(&address)
        #expect(descriptor >= 0)
        let ends = OpenConnections.Ends(of: descriptor)
        #expect(transfer.allowSend(between: ends))
        #expect(transfer.failure == nil)
        #expect(!transfer.allowSend(between: ends))
        #expect(transfer.failure == .broken("Connection was reset"))
        #expect(transfer.connections.close(descriptor) == 0)
    }
}
