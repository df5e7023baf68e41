import Glibc

/// Who may connect to our unix sockets: root, our own user, and the users named. Checked before libfcgi reads a byte.
package struct PeerUsers: Sendable {
    private var identifiers: Set<Int64>

    package struct Unknown: Error {
        package let name: String
    }

    /// nginx's workers run as one of these on Debian and in containers; each counts where it exists.
    package static let defaultNames = ["www-data", "nobody"]

    /// - Parameter names: nil: the defaultNames ones.
    package init(_ names: [String]?) throws(Unknown) {
        identifiers = [0, Int64(geteuid())]
        for name in names ?? Self.defaultNames {
            if let identifier = userIdentifier(name) {
                identifiers.insert(identifier)
            } else if names != nil {
                throw Unknown(name: name)
            }
        }
    }

    func allows(_ identifier: Int64) -> Bool {
        identifiers.contains(identifier)
    }
}

private func userIdentifier(_ name: String) -> Int64? {
    var record = passwd()
    var found: UnsafeMutablePointer<passwd>?
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16 * 1024) { buffer in
        guard getpwnam_r(name, &record, buffer.baseAddress!, buffer.count, &found) == 0, found != nil else {
            return nil
        }
        return Int64(record.pw_uid)
    }
}
