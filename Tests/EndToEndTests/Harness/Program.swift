import Foundation

/// A process of our own: started with exactly these arguments, this environment and these descriptors.
/// (Every descriptor that the tests open is closed by exec.)
final class Program {
    let pid: pid_t
    private(set) var status: Int32?

    struct NotStarted: Error { let program: String, cause: String }

    /// - Parameter input: becomes descriptor 0; nil: /dev/null.
    /// - Parameter output: files that descriptors 1 and 2 append to.
    init(
        _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], input: Int32? = nil,
        output: String = "/dev/null", errors: String = "/dev/null"
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // The threads that tests run on block signals; a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let search = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/bin"]
        let variables = environment.merging(search) { given, _ in given }.map { "\($0)=\($1)" }
        var pid: pid_t = 0
        let result = withStrings([program] + arguments) { argv in
            withStrings(variables) { envp in posix_spawnp(&pid, program, &actions, &attributes, argv, envp) }
        }
        guard result == 0 else { throw NotStarted(program: program, cause: String(cString: strerror(result))) }
        self.pid = pid
    }

    deinit {
        if isRunning {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
    }

    var isRunning: Bool { reap() == nil }

    func signal(_ number: Int32) { if isRunning { kill(pid, number) } }

    /// The exit code; a signal's number, negative, if one ended it.
    @discardableResult
    func wait(within seconds: Double = 10) throws -> Int32 {
        try eventually("process \(pid) ends", within: seconds) { reap() }
    }

    private func reap() -> Int32? {
        if let status { return status }
        var word: Int32 = 0
        guard waitpid(pid, &word, WNOHANG) == pid else { return nil }
        status = word & 0x7F == 0 ? (word >> 8) & 0xFF : -(word & 0x7F)
        return status
    }

    /// A value of /proc/PID/status: `Threads`, `VmRSS`.
    func statusLine(_ name: String) -> Int? {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }

    /// Bytes it has read so far, from files and sockets.
    var bytesRead: Int {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/io", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("rchar: ") }
        return line.flatMap { Int($0.dropFirst(7)) } ?? 0
    }

    /// Processor time used so far, in hundredths of a second.
    var cpuTicks: Int {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
    }

    /// Runs one to its end, and answers what it wrote.
    static func run(
        _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], input: [UInt8] = [],
        within seconds: Double = 20
    ) throws -> (code: Int32, output: [UInt8], errors: String) {
        let folder = try Scratch()
        try Data(input).write(to: URL(fileURLWithPath: folder.file("in")))
        let descriptor = open(folder.file("in"), O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let program = try Program(
            program, arguments, environment: environment, input: descriptor, output: folder.file("out"),
            errors: folder.file("err"))
        let code = try program.wait(within: seconds)
        let output = try Data(contentsOf: URL(fileURLWithPath: folder.file("out")))
        return (code, Array(output), try folder.read("err"))
    }
}

private func withStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
}

/// A folder of its own, gone with the value.
final class Scratch {
    let path: String

    init() throws {
        path = "\(NSTemporaryDirectory())/e2e-\(UUID().uuidString.prefix(8))".replacingOccurrences(of: "//", with: "/")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func read(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: file(name), atomically: false, encoding: .utf8)
    }
}
