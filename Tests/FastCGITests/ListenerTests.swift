import Foundation
import TestSupport
import Testing

@testable import FastCGI

/// 0, or the errno of connect(2).
private func connect(to path: String) -> Int32 {
    let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    return result == 0 ? 0 : errno
}

private func accepts(_ listener: Listener) -> Bool {
    let socket = accept(listener.descriptor, nil, nil)
    if socket >= 0 { close(socket) }
    return socket >= 0
}

@Suite(.serialized)
struct ListenerTests {
    @Test func `A Unix socket is nonblocking, accessible to its group and the only file created`() throws {
        let directory = try TemporaryDirectory()
        let listener = try Listener.bind(path: "\(directory.path)/a.sock")
        defer { close(listener.descriptor) }
        #expect(listener.isPrivate && listener.isUnix)
        #expect(directory.names == ["a.sock"])
        var status = stat()
        #expect(stat("\(directory.path)/a.sock", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
        #expect(!accepts(listener) && errno == EAGAIN)
        #expect(connect(to: "\(directory.path)/a.sock") == 0)
        #expect(accepts(listener))
    }

    @Test func `A second listener takes over the name, and the first keeps its pending connections`() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/a.sock"
        let old = try Listener.bind(path: path)
        #expect(connect(to: path) == 0)
        let new = try Listener.bind(path: path)
        defer { for listener in [old, new] { close(listener.descriptor) } }
        #expect(directory.names == ["a.sock"])
        #expect(connect(to: path) == 0)
        #expect(accepts(old) && !accepts(old))
        #expect(accepts(new) && !accepts(new))
    }

    @Test func `A stale socket is replaced`() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/a.sock"
        close(try Listener.bind(path: path).descriptor)
        #expect(connect(to: path) == ECONNREFUSED)
        let listener = try Listener.bind(path: path)
        defer { close(listener.descriptor) }
        #expect(connect(to: path) == 0)
    }

    @Test func `A file that is not a socket is neither replaced nor removed`() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/a.sock"
        let target = "\(directory.path)/target"
        let obstacles: [(String, () throws -> Void)] = [
            (path, { try Data("x".utf8).write(to: URL(fileURLWithPath: path)) }),
            (path, { try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target) }),
            (path, { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }),
            (path, { _ = mkfifo(path, 0o600) }),
            ("\(path).\(getpid())", { try Data("x".utf8).write(to: URL(fileURLWithPath: "\(path).\(getpid())")) }),
        ]
        for (obstacle, make) in obstacles {
            try make()
            let error = #expect(throws: Listener.Failure.self) { try Listener.bind(path: path) }
            #expect(error?.description == "\(obstacle): exists and is not a socket")
            #expect(directory.names == [String(obstacle.dropFirst(directory.path.count + 1))])
            try FileManager.default.removeItem(atPath: obstacle)
        }
    }

    @Test func `A failure names the path and the reason and leaves no file behind`() throws {
        let directory = try TemporaryDirectory()
        let missing = "\(directory.path)/missing/a.sock"
        let error = #expect(throws: Listener.Failure.self) { try Listener.bind(path: missing) }
        #expect(error?.description == "\(missing): No such file or directory")
        #expect(directory.names == [])
        let long = "\(directory.path)/\(String(repeating: "a", count: 100))"
        let tooLong = #expect(throws: Listener.Failure.self) { try Listener.bind(path: long) }
        #expect(tooLong?.description.contains("the path of a socket may have at most 99 bytes") == true)
    }

    @Test func `A port is bound on loopback, and binding it again fails`() throws {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = try Listener.bind(port: 0)
        defer { close(listener.descriptor) }
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(listener.descriptor, $0, &size) }
        }
        #expect(listener.isPrivate && !listener.isUnix)
        #expect(UInt32(bigEndian: address.sin_addr.s_addr) == 0x7F00_0001)
        let port = UInt16(bigEndian: address.sin_port)
        let error = #expect(throws: Listener.Failure.self) { try Listener.bind(port: port) }
        #expect(error?.description == "127.0.0.1:\(port): Address already in use")
    }

    @Test func `Listening sockets are inherited from LISTEN_FDS only if LISTEN_PID is our process ID`() throws {
        defer { for name in ["LISTEN_FDS", "LISTEN_PID"] { unsetenv(name) } }
        let directory = try TemporaryDirectory()
        let listener = try Listener.bind(path: "\(directory.path)/a.sock")
        defer { close(listener.descriptor) }
        setenv("LISTEN_FDS", String(listener.descriptor - 2), 1)
        setenv("LISTEN_PID", String(getpid() + 1), 1)
        #expect(try !Listener.inherited().contains { $0.descriptor == listener.descriptor })
        setenv("LISTEN_PID", String(getpid()), 1)
        let found = try Listener.inherited().first { $0.descriptor == listener.descriptor }
        #expect(found?.isUnix == true)
        #expect(found?.isPrivate == false)
        setenv("LISTEN_FDS", String(listener.descriptor - 3), 1)
        #expect(try !Listener.inherited().contains { $0.descriptor == listener.descriptor })
    }

    @Test func `At most 1024 descriptors from 3 on are inherited, or descriptor 0 if LISTEN_FDS is not a count`() {
        func descriptors(_ count: String) -> Range<Int32> {
            let environment = ["LISTEN_FDS": count, "LISTEN_PID": String(getpid())]
            return Listener.inheritedDescriptors { environment[$0] }
        }
        #expect(descriptors("2") == 3..<5)
        for count in ["1024", "1025", "2147483647"] { #expect(descriptors(count) == 3..<1027, "\(count)") }
        for count in ["", "0", "-1", "2147483648", "x"] { #expect(descriptors(count) == 0..<1, "\(count)") }
        #expect(Listener.inheritedDescriptors { _ in nil } == 0..<1)
    }
}
