import Glibc
import TestSupport
import Testing

@testable import HTTPClient

/// Two connections from one local port to different peers, as Linux makes them when many connections are open.
@Suite struct OpenConnectionsTests {
    @Test func `Connections with the same local port are told apart`() throws {
        let servers = try (0..<2).map { _ in try BoundSocket(SocketAddress(port: 0)) }
        let localPort = try closedPort()
        let sockets = try servers.map { server in
            try SocketAddress(port: SocketAddress.port(of: server.descriptor)).connectedSocket { descriptor in
                var on: Int32 = 1
                setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
                var local = sockaddr_in()
                local.sin_family = sa_family_t(AF_INET)
                local.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
                local.sin_port = localPort.bigEndian
                let result = withUnsafeBytes(of: &local) {
                    bind(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
                }
                #expect(result == 0)
            }
        }
        let connections = OpenConnections()
        let ends = sockets.map { OpenConnections.Ends(of: $0) }
        #expect(ends[0].local == ends[1].local && ends[0].local.host == "127.0.0.1")
        for (socket, ends) in zip(sockets, ends) {
            #expect(connections.begin(between: ends, opened: [socket]))
            connections.identify(ends, isMultiplexed: false)
            connections.end(between: ends)
        }
        let accepted = accept(servers[0].descriptor, nil, nil)
        #expect(write(accepted, "x", 1) == 1)
        var byte: UInt8 = 0
        #expect(recv(sockets[0], &byte, 1, Int32(MSG_PEEK)) == 1)
        #expect(!connections.begin(between: ends[0], opened: []), "something has arrived on it")
        #expect(connections.begin(between: ends[1], opened: []))
        let any = OpenConnections.SocketAddress(host: "0.0.0.0", port: ends[1].remote.port)
        let other = OpenConnections.Ends(local: ends[1].local, remote: any)
        #expect(!connections.begin(between: other, opened: []), "it is not known")
        #expect(connections.begin(between: other, opened: [sockets[1]]), "the kernel reports another peer")
        for socket in sockets { #expect(connections.close(socket) == 0) }
        #expect(!connections.begin(between: ends[1], opened: []), "it is closed")
        close(accepted)
    }

    @Test func `A connection is inspected even if its last transfer has not been ended here yet`() throws {
        let server = try BoundSocket(SocketAddress(port: 0))
        let socket = try SocketAddress(port: SocketAddress.port(of: server.descriptor)).connectedSocket()
        let (connections, ends) = (OpenConnections(), OpenConnections.Ends(of: socket))
        #expect(connections.begin(between: ends, opened: [socket]))
        #expect(connections.begin(between: ends, opened: []), "HTTP/2 may have several transfers at once")
        connections.identify(ends, isMultiplexed: false)
        #expect(!connections.begin(between: ends, opened: [], hasDecryptedInput: true), "of the TLS library")
        #expect(connections.begin(between: ends, opened: []))
        let accepted = accept(server.descriptor, nil, nil)
        #expect(write(accepted, "x", 1) == 1)
        var byte: UInt8 = 0
        #expect(recv(socket, &byte, 1, Int32(MSG_PEEK)) == 1)
        #expect(!connections.begin(between: ends, opened: []))
        connections.identify(ends, isMultiplexed: true)
        #expect(!connections.begin(between: ends, opened: []), "the first response counts")
        #expect(connections.close(socket) == 0)
        close(accepted)
    }
}

extension OpenConnections {
    fileprivate func begin(between ends: Ends, opened: [Int32]) -> Bool {
        begin(between: ends, opened: opened, hasDecryptedInput: false)
    }
}
