/// What has happened to a connection since its owner last took its events.
struct ConnectionEvents: OptionSet, Sendable {
    let rawValue: UInt8
    /// Bytes have arrived from the peer.
    static let readable = ConnectionEvents(rawValue: 1)
    /// The peer has closed the connection.
    static let hungUp = ConnectionEvents(rawValue: 2)
    /// The socket accepts bytes again.
    static let writable = ConnectionEvents(rawValue: 4)
    /// The handler has written or has ended.
    static let output = ConnectionEvents(rawValue: 8)
    /// The connection must be closed once no request is in progress.
    static let retire = ConnectionEvents(rawValue: 16)
    /// The peer has shut down its sending side.
    static let inputEnded = ConnectionEvents(rawValue: 32)
}
