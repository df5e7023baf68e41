import FastCGI
import Glibc
import JSON
import System
import Telemetry

/// Runs an executable: reads its settings, opens its socket, and handles requests until SIGTERM.
///
/// Exit codes: 0 after draining, 64 (EX_USAGE) for invalid arguments, 78 (EX_CONFIG) for invalid settings, 1 if it
/// cannot listen or cannot write a CGI response.
/// - Parameters:
///   - name: the name of the executable: its route without `/api/v1/`, with `/` replaced by `-`.
///   - maxBodyBytes: the default of `MAX_BODY_BYTES`.
///   - handle: handles one request. An error that it throws becomes an HTTP error (FaultConvertible.swift). Its task is
///     cancelled when the client closes the connection.
package func serve<Input: RequestBody, Output: ResponseBody>(
    _ name: String, maxBodyBytes: Int = 1 << 20,
    _ handle: @escaping @Sendable (Input, RequestContext<Input.Tools>) async throws -> Output
) -> Never {
    // Before anything else opens a descriptor.
    LogSink.reserve(STDERR_FILENO)
    guard let mode = LaunchMode.ofThisProcess() else { end(EX_USAGE, usage(name)) }
    if mode == .help { end(EX_OK, helpText(name, maxBodyBytes: maxBodyBytes, Input.self)) }
    if mode == .version { end(EX_OK, "\(name) \(version)") }
    var settings = Settings.fromEnvironment()
    let common = CommonSettings(&settings, maxBodyBytes: maxBodyBytes)
    let tools = Input.Tools(&settings)
    guard let keys = common.keys, let tools, let peers = common.peers, settings.faults.isEmpty else {
        end(EX_CONFIG, settings.faults.map { "\(name): \($0)" }.joined(separator: "\n"))
    }
    if mode == .check { end(EX_OK, "\(name): settings are valid") }
    let listeners: [Listener]
    do throws(Listener.Failure) {
        listeners = try mode.listeners()
    } catch {
        end(EXIT_FAILURE, "\(name): cannot listen: \(error)")
    }
    let scoreboard = Scoreboard(endpoint: name, directory: scoreboardDirectory(listeners))
    let log = Log(
        endpoint: name, level: common.logLevel, sink: LogSink(STDERR_FILENO) { scoreboard.add(.droppedLines, $0) })
    let pipeline = RequestPipeline<Input, Output>(
        tools: tools, keys: keys, maxInFlight: common.maxInFlight,
        telemetry: ProcessTelemetry(log: log, scoreboard: scoreboard, slowMilliseconds: common.slowMilliseconds))
    let handler = StatusPage(scoreboard).before(pipeline.handler(handle))
    if mode == .cgi {
        let isSent = serveCGI(maxBodyBytes: common.maxBodyBytes, handler: handler)
        log.flush()
        exit(isSent ? EX_OK : EXIT_FAILURE)
    }
    if listeners.isEmpty { end(EX_USAGE, usage(name)) }
    var reload: (@Sendable () -> Void)?
    if let file = common.scopesFile { reload = { reloadScopes(from: file, keys, log) { pipeline.replaceKeys($0) } } }
    let options = Server.Options(
        maxBodyBytes: common.maxBodyBytes, drainSeconds: common.drainSeconds, peers: peers,
        reload: reload, flush: log.flush,
        report: { message, detail in log(.warning, message) { $0.member("detail", detail) } },
        serviceManager: ServiceNotifier.fromEnvironment().serviceManager(onDrain: scoreboard.setDraining),
        claimDrainTurn: claimingDrainTurn(of: listeners, scoreboard))
    serveSockets(listeners, options, handler, log)
    scoreboard.remove()
    _exit(EX_OK)
}

/// Exit codes of sysexits.h, which Swift's Glibc module lacks.
private let (EX_OK, EX_USAGE, EX_CONFIG): (Int32, Int32, Int32) = (0, 64, 78)

/// Prints the text and exits: to standard output with `EX_OK`, to standard error with any other code.
private func end(_ code: Int32, _ text: String) -> Never {
    _ = writeAll(Array("\(text)\n".utf8), to: code == EX_OK ? STDOUT_FILENO : STDERR_FILENO)
    exit(code)
}

/// Returns when the process has drained.
private func serveSockets(
    _ listeners: [Listener], _ options: Server.Options, _ handler: @escaping Handler, _ log: Log
) {
    Descriptors.raiseLimit()
    // Before the first thread starts, which inherits the signal mask.
    let signals = ProcessSignals()
    let server = Server(listeners, options, handler: handler)
    server.start()
    log(.info, "started") { $0.member("pid", Int(getpid())) }
    log.flush()
    server.run(signals)
    log(.info, "stopped")
    log.flush()
}

/// Handles SIGHUP. If the file can't be used, the keys stay as they are.
private func reloadScopes(from file: String, _ keys: APIKeys, _ log: Log, replaceKeys: (APIKeys) -> Void) {
    do throws(APIKeys.BrokenScopes) {
        replaceKeys(try keys.with(scopesFile: file))
        log(.info, "scopes reloaded")
    } catch {
        log(.error, "scopes not reloaded") { $0.member("cause", error.reason) }
    }
}

/// The function that claims the process's turn to drain. Only a socket that several processes share requires them to
/// take turns.
private func claimingDrainTurn(of listeners: [Listener], _ scoreboard: Scoreboard) -> @Sendable () -> Bool {
    guard listeners.contains(where: { !$0.isPrivate }), let directory = runtimeDirectory() else { return { true } }
    let turn = DrainTurn(directory: directory, anotherServes: scoreboard.anotherServes)
    return { turn.claim() }
}

/// systemd's runtime directory of the service, which the endpoint's processes share.
package func runtimeDirectory() -> String? {
    getenv("RUNTIME_DIRECTORY").flatMap { String(cString: $0).split(separator: ":").first.map(String.init) }
}

/// Where the endpoint's processes keep their scoreboards: the runtime directory, or else the directory of the socket
/// that they share.
private func scoreboardDirectory(_ listeners: [Listener]) -> String? {
    runtimeDirectory() ?? listeners.lazy.compactMap(\.directory).first
}
