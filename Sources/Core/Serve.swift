import Descriptors
import FastCGI
import Glibc

package let version = "0.1.0"

/// What every executable does: reads its settings, takes its place behind nginx, and answers until it is told to stop.
///
/// - Parameter name: the executable's: the request's path with `-` for `/`.
/// - Parameter maxBodyBytes: the largest body unless `MAX_BODY_BYTES` says otherwise.
/// - Parameter answer: one request's answer. What it throws becomes HTTP in Fault.swift; a stranger error is 500 `INTERNAL`.
///   It is cancelled when the caller goes away.
package func serve<Body: RequestBody, Answer: ResponseBody>(
    _ name: String, maxBodyBytes: Int = 1 << 20,
    _ answer: @escaping @Sendable (Body, Call<Body.Tools>) async throws -> Answer
) -> Never {
    LogSink.reserve(2)
    let start = getenv("GATEWAY_INTERFACE") == nil ? Start(arguments: arguments(), name: name) : .cgi
    var settings = Settings.process()
    let common = CommonSettings(&settings, maxBodyBytes: maxBodyBytes)
    let tools = Body.Tools(&settings)
    guard let keys = common.keys, let tools, let peers = common.peers, settings.faults.isEmpty else {
        for fault in settings.faults { say(2, "\(name): \(fault)") }
        exit(78)
    }
    if start == .check {
        say(1, "\(name): settings are complete")
        exit(0)
    }
    guard signsAsAWS() else {
        say(2, "\(name): libcrypto computes a wrong signature for a known request")
        exit(70)
    }
    let listeners: [Listener]
    do throws(Listener.Failure) {
        listeners = try start.listeners()
    } catch {
        say(2, "\(name): cannot listen on \(error)")
        exit(1)
    }
    let scoreboard = Scoreboard(endpoint: name, folder: sharedFolder(listeners))
    let log = Log(
        endpoint: name, level: common.logLevel, sink: LogSink(2) { scoreboard.add(.droppedLines, $0) })
    let path = RequestPath<Body, Answer>(
        tools: tools, keys: keys, maxInFlight: common.maxInFlight,
        observation: Observation(log: log, scoreboard: scoreboard, slowMilliseconds: common.slowMilliseconds))
    let handler = StatusPage(scoreboard).before(path.handler(answer))
    if start == .cgi {
        let isSent = answerCGI(maxBodyBytes: common.maxBodyBytes, handler: handler)
        log.flush()
        exit(isSent ? 0 : 1)
    }
    if listeners.isEmpty { usage(name) }
    Descriptors.raiseLimit()
    let signals = ProcessSignals()
    var reload: (@Sendable () -> Void)?
    if let file = common.scopesFile { reload = { readAgain(file, keys, log) { path.replace($0) } } }
    let server = Server(
        listeners,
        Server.Options(
            maxBodyBytes: common.maxBodyBytes, drainSeconds: common.drainSeconds, peers: peers,
            reload: reload, flush: log.flush,
            report: { message, detail in log(.warning, message) { $0.member("detail", detail) } },
            supervision: Notifier.process().supervision(onDrain: scoreboard.drain)),
        handler: handler)
    server.start()
    log(.info, "started") { $0.member("pid", Int(getpid())) }
    log.flush()
    server.run(signals)
    log(.info, "stopped")
    log.flush()
    scoreboard.remove()
    _exit(0)
}

/// On HUP. A broken file keeps the keys there are.
private func readAgain(_ file: String, _ keys: APIKeys, _ log: Log, _ replace: (APIKeys) -> Void) {
    do throws(APIKeys.BrokenScopes) {
        replace(try keys.with(scopesFile: file))
        log(.info, "scopes read again")
    } catch {
        log(.error, "scopes not read again") { $0.member("cause", error.reason) }
    }
}

/// Where the endpoint's processes put their scoreboards: systemd's directory for the service, else that of the socket they share.
private func sharedFolder(_ listeners: [Listener]) -> String? {
    let given = getenv("RUNTIME_DIRECTORY").flatMap { String(cString: $0).split(separator: ":").first.map(String.init) }
    return given ?? listeners.lazy.compactMap(\.folder).first
}

/// What no endpoint can do without.
private struct CommonSettings {
    let keys: APIKeys?
    let scopesFile: String?
    let peers: PeerUsers?
    let maxBodyBytes: Int
    let maxInFlight: Int
    let drainSeconds: Int
    let logLevel: Log.Level
    let slowMilliseconds: Int

    init(_ settings: inout Settings, maxBodyBytes: Int) {
        keys = settings.apiKeys()
        scopesFile = settings.optional("API_KEY_SCOPES_FILE")
        do throws(PeerUsers.Unknown) {
            peers = try PeerUsers(settings.optional("ALLOWED_PEER_USERS").map(split))
        } catch {
            peers = nil
            settings.fail("ALLOWED_PEER_USERS", "there is no user \(error.name)")
        }
        self.maxBodyBytes = settings.integer("MAX_BODY_BYTES", default: maxBodyBytes, in: 1024...(64 << 20))
        let inFlight = defaultInFlight(maxBodyBytes: self.maxBodyBytes)
        maxInFlight = settings.integer("MAX_IN_FLIGHT", default: inFlight, in: 1...65_536)
        drainSeconds = settings.integer("DRAIN_SECONDS", default: 600, in: 1...86_400)
        logLevel = settings.logLevel()
        slowMilliseconds = settings.integer("SLOW_MS", default: 5000, in: 1...3_600_000)
    }
}

/// How many requests may be under way unless `MAX_IN_FLIGHT` says otherwise: at most 1024, and no more than have bodies
/// of 1 GiB together if each is as large as it may be. The units' `MemoryMax` fits that.
func defaultInFlight(maxBodyBytes: Int) -> Int {
    min(1024, (1 << 30) / maxBodyBytes)
}

/// How the process was started.
private enum Start: Equatable {
    case path(String), port(UInt16), inherited, cgi, check

    /// Not used for plain CGI: a server passes a query without `=` as arguments there (RFC 3875, section 4.4), so the
    /// sender of the request would choose them.
    init(arguments: [String], name: String) {
        switch arguments {
        case ["--version"]:
            say(1, "\(name) \(version)")
            exit(0)
        case ["--help"]:
            say(1, help(name))
            exit(0)
        case ["--check"]: self = .check
        case []: self = .inherited
        case let pair where pair.count == 2 && pair[0] == "--listen" && !pair[1].isEmpty:
            let loopback = "127.0.0.1:"
            if pair[1].hasPrefix(loopback) {
                guard let port = UInt16(pair[1].dropFirst(loopback.count)), port > 0 else { usage(name) }
                self = .port(port)
            } else if pair[1].contains("/") || !pair[1].contains(":") {
                self = .path(pair[1])
            } else {
                usage(name)
            }
        default: usage(name)
        }
    }

    func listeners() throws(Listener.Failure) -> [Listener] {
        switch self {
        case .path(let path): [try Listener.bind(path: path)]
        case .port(let port): [try Listener.bind(port: port)]
        case .cgi: []
        default: try Listener.inherited()
        }
    }
}

/// Those after the executable's name. The standard library looks for them where the environment lies, which a preloaded
/// library may have moved: then it finds none.
private func arguments() -> [String] {
    guard let line = contents(of: "/proc/self/cmdline") else { return Array(CommandLine.arguments.dropFirst()) }
    return line.split(separator: 0, omittingEmptySubsequences: false).dropFirst().dropLast().map {
        String(decoding: $0, as: UTF8.self)
    }
}

private func help(_ name: String) -> String {
    """
    usage: \(name) --listen PATH | --listen 127.0.0.1:PORT | --check | --version | --help

    Answers POST requests for one endpoint over FastCGI. Without an option it takes over a listening socket on
    descriptor 0 (spawn-fcgi, multiwatch) or from LISTEN_FDS (systemd). With GATEWAY_INTERFACE set it reads no options
    and answers one plain CGI request. TERM: no new connections, requests in flight finish, exit 0. Settings are environment
    variables: --check reads them, says all that is wrong and exits 0 or 78.
    """
}

private func usage(_ name: String) -> Never {
    say(2, help(name))
    exit(64)
}

private func say(_ descriptor: Int32, _ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = write(descriptor, line, line.count)
}
