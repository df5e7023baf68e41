import Glibc

/// The limit on the process's file descriptors. The last 16 are reserved for the runtime: libdispatch aborts the
/// process if it cannot open one, and a DNS lookup needs up to three.
package enum Descriptors {
    private static let reservedCount = 16
    private static let maxLimit: rlim_t = 65_536

    /// The current limit; prlimit(1) can change it at any time.
    package static var limit: Int { Int(clamping: limits().rlim_cur) }

    /// Sets the limit to the highest that is permitted, at most 65,536, because each connection and each transfer in
    /// progress needs a descriptor.
    package static func raiseLimit() {
        var limits = limits()
        limits.rlim_cur = min(limits.rlim_max, maxLimit)
        setrlimit(resource, &limits)
    }

    /// Whether a descriptor that was just opened is one of the reserved ones and must be closed again. The kernel
    /// always assigns the lowest free number.
    package static func isReserved(_ descriptor: Int32) -> Bool { Int(descriptor) >= limit - reservedCount }

    /// Whether the next descriptor would be a reserved one.
    /// - Parameter descriptor: any open descriptor; it is duplicated and closed again.
    package static func areExhausted(probingWith descriptor: Int32) -> Bool {
        let next = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        defer { if next >= 0 { close(next) } }
        return next < 0 || isReserved(next)
    }

    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)

    private static func limits() -> rlimit {
        var limits = rlimit()
        getrlimit(resource, &limits)
        return limits
    }
}
