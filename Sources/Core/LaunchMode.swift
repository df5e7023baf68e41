import FastCGI
import Glibc
import System

/// What a process does, by its arguments and its environment.
enum LaunchMode: Equatable {
    case listenOnPath(String)
    case listenOnPort(UInt16)
    /// Serve a listening socket that another process has opened.
    case inherit
    /// Handle one plain CGI request.
    case cgi
    case check
    case help
    case version

    /// Nil if its arguments are invalid.
    static func ofThisProcess() -> LaunchMode? {
        getenv("GATEWAY_INTERFACE") == nil ? LaunchMode(arguments: currentArguments()) : .cgi
    }

    /// Nil if the arguments are invalid.
    ///
    /// Not used for plain CGI: a CGI server passes a query without `=` as arguments (RFC 3875, section 4.4), so the
    /// sender of the request would choose them.
    init?(arguments: [String]) {
        switch arguments {
        case []: self = .inherit
        case ["--check"]: self = .check
        case ["--help"]: self = .help
        case ["--version"]: self = .version
        case let pair where pair.count == 2 && pair[0] == "--listen":
            guard let mode = Self.listening(on: pair[1]) else { return nil }
            self = mode
        default: return nil
        }
    }

    private static func listening(on address: String) -> LaunchMode? {
        let loopback = "127.0.0.1:"
        if address.hasPrefix(loopback) {
            return UInt16(address.dropFirst(loopback.count)).flatMap { $0 > 0 ? .listenOnPort($0) : nil }
        }
        return !address.isEmpty && (address.contains("/") || !address.contains(":")) ? .listenOnPath(address) : nil
    }

    func listeners() throws(Listener.Failure) -> [Listener] {
        switch self {
        case .listenOnPath(let path): [try Listener.bind(path: path)]
        case .listenOnPort(let port): [try Listener.bind(port: port)]
        case .inherit: try Listener.inherited()
        case .cgi, .check, .help, .version: []
        }
    }
}

/// The arguments that follow the executable's name, from /proc. The standard library finds them by their position
/// relative to the environment, which a preloaded library may have moved; then it finds none.
private func currentArguments() -> [String] {
    guard let line = readFile("/proc/self/cmdline") else { return Array(CommandLine.arguments.dropFirst()) }
    return line.split(separator: 0, omittingEmptySubsequences: false).dropFirst().dropLast().map {
        String(decoding: $0, as: UTF8.self)
    }
}
