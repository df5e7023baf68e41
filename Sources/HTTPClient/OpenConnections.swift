import Glibc

/// The connections of a transfer loop, those that libcurl keeps for later transfers included, by both of their ends.
///
/// Before a kept connection of HTTP/1 is used again, nothing may have arrived on it since its last response: that would
/// be taken for the response to the next request, which may be another caller's. libcurl 7.88 uses such a connection;
/// newer versions close it.
///
/// Only the loop's thread uses this. libcurl holds a pointer to it, so it must outlive the multi handle.
final class OpenConnections {
    /// The local end alone is not unique: Linux uses one local port for several connections if their peers differ.
    struct Ends: Hashable {
        let local: SocketAddress
        let remote: SocketAddress
    }

    struct SocketAddress: Hashable {
        /// In the form of inet_ntop.
        let host: String
        let port: Int32
    }

    private struct Connection {
        let descriptor: Int32
        /// The number of transfers in progress on it.
        var transfers = 1
        /// Nil until its first response begins.
        var isMultiplexed: Bool?
    }

    private var connections: [Ends: Connection] = [:]

    /// Called before a transfer sends its request.
    /// - Parameter opened: the sockets that the transfer has opened. If one of them has these ends, the connection is
    ///   new. The kernel may report another peer than libcurl, as for 0.0.0.0, or none, if the peer has closed the
    ///   connection. The local end suffices then, if no connection is known by these ends.
    /// - Parameter hasDecryptedInput: whether the TLS library has bytes of the connection that libcurl has not read.
    /// - Returns: false if the connection must not be used.
    func begin(between ends: Ends, opened: [Int32], hasDecryptedInput: Bool) -> Bool {
        let isKnown = connections[ends] != nil
        let new = opened.first { Ends(of: $0) == ends } ?? opened.last { !isKnown && Ends(of: $0).local == ends.local }
        if let new {
            connections[ends] = Connection(descriptor: new)
            return true
        }
        guard var connection = connections[ends] else { return false }
        // Before the first response, a second transfer on the connection proves HTTP/2, because HTTP/1 has one at a
        // time. Later the count proves nothing, because `end` may not have been called yet for a complete transfer.
        let isMultiplexed = connection.isMultiplexed ?? (connection.transfers > 0)
        let hasInput = hasDecryptedInput || hasInput(connection.descriptor)
        guard isMultiplexed || !hasInput else { return false }
        connection.transfers += 1
        connections[ends] = connection
        return true
    }

    /// Called when a response begins. The first one on a connection counts.
    func identify(_ ends: Ends, isMultiplexed: Bool) {
        if connections[ends]?.isMultiplexed == nil { connections[ends]?.isMultiplexed = isMultiplexed }
    }

    func end(between ends: Ends) {
        connections[ends]?.transfers -= 1
    }

    /// Called by libcurl to close a socket.
    func close(_ descriptor: Int32) -> Int32 {
        for (ends, connection) in connections where connection.descriptor == descriptor {
            connections[ends] = nil
        }
        return Glibc.close(descriptor)
    }
}

extension OpenConnections.Ends {
    /// Those of a connected socket.
    init(of descriptor: Int32) {
        local = .init { getsockname(descriptor, $0, $1) }
        remote = .init { getpeername(descriptor, $0, $1) }
    }
}

extension OpenConnections.SocketAddress {
    /// - Parameter read: writes the address. If it fails, the host is empty.
    fileprivate init(_ read: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) {
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let found = withUnsafeMutableBytes(of: &address) { bytes in
            guard read(bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size) == 0 else { return false }
            let family = Int32(bytes.load(as: sa_family_t.self))
            let offset =
                family == AF_INET
                ? MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) : MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)
            return inet_ntop(family, bytes.baseAddress! + offset!, &text, socklen_t(text.count)) != nil
        }
        host = found ? String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : ""
        // The port is at the same place in both families' addresses.
        port = found ? Int32(UInt16(bigEndian: address.sin6_port)) : 0
    }
}

/// Whether bytes, an end or an error are waiting to be read.
private func hasInput(_ descriptor: Int32) -> Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) >= 0 || errno != EAGAIN
}
