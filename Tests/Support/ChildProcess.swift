import Foundation

/// A process started with exactly these arguments, environment variables and descriptors 0 to 2. The process is killed
/// with this value.
package final class ChildProcess {
    package let pid: pid_t
    package private(set) var status: Int32?

    /// - Parameters:
    ///   - executable: a path, or a name to be found in PATH.
    ///   - input: becomes descriptor 0; nil: /dev/null.
    ///   - output: the file to which descriptor 1 appends.
    ///   - errors: the file to which descriptor 2 appends.
    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], input: Int32? = nil,
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
        closeOthers(&actions)
        // The tests' threads block signals, and a child would inherit that mask.
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
        let result = withStrings([executable] + arguments) { argv in
            withStrings(variables) { envp in posix_spawnp(&pid, executable, &actions, &attributes, argv, envp) }
        }
        guard result == 0 else { throw StartFailure(text: "\(executable): \(String(cString: strerror(result)))") }
        self.pid = pid
    }

    deinit {
        if isRunning {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
    }

    package var isRunning: Bool { reap() == nil }

    package func signal(_ number: Int32) { if isRunning { kill(pid, number) } }

    /// Returns the exit code, or the negative number of the signal that ended the process.
    @discardableResult
    package func wait(within seconds: Double = 10) throws -> Int32 {
        try eventually("process \(pid) ends", within: seconds) { reap() }
    }

    private func reap() -> Int32? {
        if let status { return status }
        var word: Int32 = 0
        guard waitpid(pid, &word, WNOHANG) == pid else { return nil }
        status = word & 0x7F == 0 ? (word >> 8) & 0xFF : -(word & 0x7F)
        return status
    }

    /// A number in /proc/PID/status, such as `Threads`, or `VmRSS` in kB.
    package func statusLine(_ name: String) -> Int? {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }

    /// The bytes read so far from files and sockets.
    package var bytesRead: Int {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/io", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("rchar: ") }
        return line.flatMap { Int($0.dropFirst(7)) } ?? 0
    }

    /// The processor time used so far, in hundredths of a second.
    package var cpuTicks: Int {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
    }

    /// Runs a process to its end and returns its output.
    package static func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], input: [UInt8] = [],
        within seconds: Double = 20
    ) throws -> (code: Int32, output: [UInt8], errors: String) {
        let directory = try TemporaryDirectory()
        try Data(input).write(to: URL(fileURLWithPath: directory.file("in")))
        let descriptor = open(directory.file("in"), O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let child = try ChildProcess(
            executable, arguments, environment: environment, input: descriptor, output: directory.file("out"),
            errors: directory.file("err"))
        let code = try child.wait(within: seconds)
        let output = try Data(contentsOf: URL(fileURLWithPath: directory.file("out")))
        return (code, Array(output), try directory.read("err"))
    }
}

/// Writes an executable. A process of its own writes it: a child that another test starts meanwhile would inherit this
/// process's open file, and a file that is open for writing can't be executed (ETXTBSY).
/// - Parameter suffix: bytes to append.
package func installExecutable(_ source: String, as path: String, suffix: String = "") throws {
    let script = #"install -m 755 "$1" "$2" && printf %s "$3" >>"$2""#
    let done = try ChildProcess.run("sh", ["-c", script, "sh", source, path, suffix])
    guard done.code == 0 else { throw StartFailure(text: "\(path): \(done.errors)") }
}

/// Closes all descriptors but 0 to 2 in the child. `swift test` passes on a dozen sockets of its own, with which a
/// process that may have 40 descriptors could not work. Swift doesn't import the function (glibc 2.34).
private func closeOthers(_ actions: inout posix_spawn_file_actions_t) {
    typealias Function = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    let function = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np")
    _ = unsafeBitCast(function, to: Function.self)(&actions, 3)
}

private func withStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
}
