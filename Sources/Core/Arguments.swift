import FastCGI
import Glibc

/// What the command line of an executable asks for.
enum LaunchMode: Equatable {
    case listenOnPath(String)
    case listenOnPort(UInt16)
    /// Serve a socket that another process opened.
    case inherit
    /// Answer one plain CGI request.
    case cgi
    case check
    case help
    case version

    /// Nil if the arguments are not understood.
    ///
    /// Not used for plain CGI: a CGI server passes a query without `=` as arguments (RFC 3875, section 4.4), so the sender of the
    /// request would choose them.
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

func usage(_ name: String) -> String {
    "usage: \(name) --listen PATH | --listen 127.0.0.1:PORT | --check | --version | --help"
}

func helpText(_ name: String, _ settings: [Settings.Declaration]) -> String {
    """
    \(usage(name))

    Answers the POST requests of one endpoint over FastCGI. Without an option it serves a listening socket that it inherits: on
    descriptor 0 (spawn-fcgi, multiwatch) or by LISTEN_FDS (systemd). If GATEWAY_INTERFACE is set, it ignores all options and
    answers one plain CGI request. On TERM it accepts no new connections, finishes the requests in progress and exits with 0.
    --check reads the settings, reports everything that is wrong with them, and exits with 0 or 78.

    Settings (environment variables):
    \(settings.map(\.helpLines).joined(separator: "\n"))
    """
}

extension Settings.Declaration {
    fileprivate var helpLines: String {
        let facts = ["default: \(fallback)"] + (values.map { ["values: \($0)"] } ?? [])
        return "  \(name)  (\(fallback == "required" ? "required" : facts.joined(separator: "; ")))\n      \(purpose)"
    }
}
