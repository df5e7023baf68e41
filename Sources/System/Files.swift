import Glibc

private let maxFileBytes = 16 << 20

/// The bytes of a small file, at most its first 16 MiB. Nil, with errno set, if it can't be read.
package func readFile(_ path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while bytes.count < maxFileBytes {
        let count = read(file, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        if count < 0 { return nil }
        if count == 0 { break }
        bytes += buffer[..<count]
    }
    return bytes
}

/// Opens a file for reading and writing, and creates it if there is none. Nil if that fails, or if it isn't a regular
/// file of this process's user, because the directory may be world-writable.
package func openOwnFile(_ path: String) -> Int32? {
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard file >= 0 else { return nil }
    if size(ofOwnFile: file) != nil { return file }
    close(file)
    return nil
}

/// The size of an open file in bytes. Nil if it isn't a regular file of this process's user.
package func size(ofOwnFile file: Int32) -> Int? {
    var information = stat()
    guard fstat(file, &information) == 0, information.st_mode & S_IFMT == S_IFREG, information.st_uid == geteuid()
    else { return nil }
    return information.st_size
}

/// Writes all bytes to a blocking descriptor.
/// - Returns: false, with errno set, if not all of them could be written.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        sent += count
    }
    return true
}
