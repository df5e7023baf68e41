import Glibc

/// The process's file descriptors, of which the last few are left to the runtime: libdispatch, on which Swift's tasks run,
/// ends the process if it has none to look at its threads with, and looking up a name takes two or three.
package enum Descriptors {
    private static let reserve = 16

    /// How many the process may have now; it may be changed from outside (prlimit).
    package static var limit: Int { Int(clamping: limits().rlim_cur) }

    /// Connections and transfers in flight each need one: as many as we are allowed.
    package static func raiseLimit() {
        var limits = limits()
        limits.rlim_cur = min(limits.rlim_max, 65_536)
        setrlimit(resource, &limits)
    }

    /// Whether this one, just opened, is of those that are left to the runtime: close it, and do without. (The kernel gives
    /// the lowest number that is free.)
    package static func isReserved(_ descriptor: Int32) -> Bool { Int(descriptor) >= limit - reserve }

    /// Whether the next one would be of those.
    /// - Parameter open: any open one; it is duplicated to see.
    package static func areUsedUp(open: Int32) -> Bool {
        let next = fcntl(open, F_DUPFD_CLOEXEC, 0)
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
