/// Events that a connection can receive.
struct Signals: OptionSet, Sendable {
    let rawValue: UInt8
    /// Bytes have arrived from the peer.
    static let readable = Signals(rawValue: 1)
    /// The peer has closed the connection.
    static let hungUp = Signals(rawValue: 2)
    /// The socket accepts bytes again.
    static let writable = Signals(rawValue: 4)
    /// The handler has written or has ended.
    static let output = Signals(rawValue: 8)
    /// The connection must be closed once no request is in progress.
    static let retire = Signals(rawValue: 16)
    /// The peer has shut down its sending side.
    static let inputEnded = Signals(rawValue: 32)
}
