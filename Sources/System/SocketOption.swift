import Glibc

/// Sets an option of a socket, as setsockopt(2) does. Errors are ignored.
package func setSocketOption<Value: BitwiseCopyable>(
    _ option: Int32, of descriptor: Int32, level: Int32 = SOL_SOCKET, to value: Value
) {
    withUnsafePointer(to: value) {
        _ = setsockopt(descriptor, level, option, $0, socklen_t(MemoryLayout<Value>.size))
    }
}
