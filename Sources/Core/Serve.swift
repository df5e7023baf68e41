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
    guard let mode = getenv("GATEWAY_INTERFACE") == nil ? LaunchMode(arguments: arguments()) : .cgi else {
        printLine(STDERR_FILENO, usage(name))
        exit(EX_USAGE)
    }
    if mode == .help {
        printLine(STDOUT_FILENO, helpText(name, maxBodyBytes: maxBodyBytes, Input.self))
        exit(EX_OK)
    }
    if mode == .version {
        printLine(STDOUT_FILENO, "\(name) \(version)")
        exit(EX_OK)
    }
    var settings = Settings.fromEnvironment()
    let common = CommonSettings(&settings, maxBodyBytes: maxBodyBytes)
    let tools = Input.Tools(&settings)
    guard let keys = common.keys, let tools, let peers = common.peers, settings.faults.isEmpty else {
        for fault in settings.faults { printLine(STDERR_FILENO, "\(name): \(fault)") }
        exit(EX_CONFIG)
    }
    if mode == .check {
        printLine(STDOUT_FILENO, "\(name): settings are valid")
        exit(EX_OK)
    }
    let listeners: [Listener]
    do throws(Listener.Failure) {
        listeners = try mode.listeners()
    } catch {
        printLine(STDERR_FILENO, "\(name): cannot listen: \(error)")
        exit(EXIT_FAILURE)
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
    if listeners.isEmpty {
        printLine(STDERR_FILENO, usage(name))
        exit(EX_USAGE)
    }
    Descriptors.raiseLimit()
    let drainTurn =
        listeners.contains { !$0.isPrivate }
        ? runtimeDirectory().map { DrainTurn(directory: $0, anotherServes: scoreboard.anotherServes) } : nil
    let signals = ProcessSignals()
    var reload: (@Sendable () -> Void)?
    if let file = common.scopesFile { reload = { reloadScopes(from: file, keys, log) { pipeline.replaceKeys($0) } } }
    let server = Server(
        listeners,
        Server.Options(
            maxBodyBytes: common.maxBodyBytes, drainSeconds: common.drainSeconds, peers: peers,
            reload: reload, flush: log.flush,
            report: { message, detail in log(.warning, message) { $0.member("detail", detail) } },
            serviceManager: ServiceNotifier.fromEnvironment().serviceManager(onDrain: scoreboard.setDraining),
            mayDrain: { drainTurn?.isOurs() ?? true }),
        handler: handler)
    server.start()
    log(.info, "started") { $0.member("pid", Int(getpid())) }
    log.flush()
    server.run(signals)
    log(.info, "stopped")
    log.flush()
    scoreboard.remove()
    _exit(EX_OK)
}

/// Exit codes of sysexits.h, which Swift's Glibc module lacks.
private let (EX_OK, EX_USAGE, EX_CONFIG): (Int32, Int32, Int32) = (0, 64, 78)

/// Handles SIGHUP. If the file can't be used, the keys stay as they are.
private func reloadScopes(from file: String, _ keys: APIKeys, _ log: Log, replaceKeys: (APIKeys) -> Void) {
    do throws(APIKeys.BrokenScopes) {
        replaceKeys(try keys.with(scopesFile: file))
        log(.info, "scopes reloaded")
    } catch {
        log(.error, "scopes not reloaded") { $0.member("cause", error.reason) }
    }
}

/// systemd's runtime directory of the service, which the endpoint's processes share.
private func runtimeDirectory() -> String? {
    getenv("RUNTIME_DIRECTORY").flatMap { String(cString: $0).split(separator: ":").first.map(String.init) }
}

/// Where the endpoint's processes keep their scoreboards: the runtime directory, or else the directory of the socket
/// that they share.
private func scoreboardDirectory(_ listeners: [Listener]) -> String? {
    runtimeDirectory() ?? listeners.lazy.compactMap(\.directory).first
}

/// The arguments that follow the executable's name, from /proc. The standard library finds them by their position
/// relative to the environment, which a preloaded library may have moved; then it finds none.
private func arguments() -> [String] {
    guard let line = readFile("/proc/self/cmdline") else { return Array(CommandLine.arguments.dropFirst()) }
    return line.split(separator: 0, omittingEmptySubsequences: false).dropFirst().dropLast().map {
        String(decoding: $0, as: UTF8.self)
    }
}

private func printLine(_ descriptor: Int32, _ text: String) {
    _ = writeAll(Array("\(text)\n".utf8), to: descriptor)
}
