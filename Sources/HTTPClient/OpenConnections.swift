import Glibc

/// The connections of a transfer loop, those that libcurl keeps for later transfers included, by their local addresses.
///
/// Before a kept connection of HTTP/1 is used again, nothing may have arrived on it since its last response: that would
/// be taken for the response to the next request, which may be another caller's. libcurl 7.88 uses such a connection;
/// newer versions close it.
///
/// Only the loop's thread uses this. libcurl holds a pointer to it, so it must outlive the multi handle.
final class OpenConnections {
    struct Address: Hashable {
        let host: String
        let port: Int32
    }

    private struct Connection {
        let descriptor: Int32
        /// The number of transfers in progress on it.
        var transfers = 1
        var isMultiplexed = false
    }

    private var connections: [Address: Connection] = [:]

    /// Called before a transfer sends its request.
    /// - Parameter opened: the sockets that the transfer has opened. If one of them has the address, the connection is
    ///   new.
    /// - Returns: false if the connection must not be used.
    func begin(at address: Address, opened: [Int32]) -> Bool {
        if let descriptor = opened.first(where: { localPort(of: $0) == address.port }) {
            connections[address] = Connection(descriptor: descriptor)
            return true
        }
        guard var connection = connections[address] else { return false }
        // Only HTTP/2 has several transfers on a connection at once.
        if connection.transfers > 0 { connection.isMultiplexed = true }
        guard connection.isMultiplexed || !hasInput(connection.descriptor) else { return false }
        connection.transfers += 1
        connections[address] = connection
        return true
    }

    func end(at address: Address, isMultiplexed: Bool) {
        guard var connection = connections[address] else { return }
        connection.transfers -= 1
        if isMultiplexed { connection.isMultiplexed = true }
        connections[address] = connection
    }

    /// Called by libcurl to close a socket.
    func close(_ descriptor: Int32) -> Int32 {
        if let address = connections.first(where: { $0.value.descriptor == descriptor })?.key {
            connections[address] = nil
        }
        return Glibc.close(descriptor)
    }
}

/// The port is at the same place in both families' addresses.
private func localPort(of descriptor: Int32) -> Int32 {
    var address = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let result = withUnsafeMutableBytes(of: &address) {
        getsockname(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size)
    }
    return result == 0 ? Int32(UInt16(bigEndian: address.sin6_port)) : -1
}

/// Whether bytes, an end or an error are waiting to be read.
private func hasInput(_ descriptor: Int32) -> Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) >= 0 || errno != EAGAIN
}
