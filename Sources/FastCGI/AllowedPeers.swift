import Glibc

/// The users that may connect to our unix sockets: root, the process's own user, and those named. They are checked
/// before libfcgi reads a byte.
package struct AllowedPeers: Sendable {
    private var uids: Set<Int64>

    package struct UnknownUser: Error {
        package let name: String
    }

    /// The users of nginx's workers: Debian's, that of nginx.org's packages, and one that containers use.
    package static let defaultNames = ["www-data", "nginx", "nobody"]

    /// - Parameter names: nil for those of the `defaultNames` that exist.
    package init(_ names: [String]?) throws(UnknownUser) {
        uids = [0, Int64(geteuid())]
        for name in names ?? Self.defaultNames {
            if let uid = uid(of: name) {
                uids.insert(uid)
            } else if names != nil {
                throw UnknownUser(name: name)
            }
        }
    }

    func allows(uid: Int64) -> Bool {
        uids.contains(uid)
    }
}

private func uid(of name: String) -> Int64? {
    var record = passwd()
    var found: UnsafeMutablePointer<passwd>?
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16 * 1024) { buffer in
        guard getpwnam_r(name, &record, buffer.baseAddress!, buffer.count, &found) == 0, found != nil else {
            return nil
        }
        return Int64(record.pw_uid)
    }
}
