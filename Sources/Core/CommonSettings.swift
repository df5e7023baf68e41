import FastCGI
import Glibc
import System
import Telemetry

/// The settings that every endpoint has.
struct CommonSettings {
    let keys: APIKeys?
    let scopesFile: String?
    let peers: AllowedPeers?
    let maxBodyBytes: Int
    let maxInFlight: Int
    let drainSeconds: Int
    let logLevel: Log.Level
    let slowMilliseconds: Int

    init(_ settings: inout Settings, maxBodyBytes: Int) {
        scopesFile = settings.optional(
            "API_KEY_SCOPES_FILE", "A file of API keys with scopes; it is read again on SIGHUP.")
        keys = settings.apiKeys(scopesFile: scopesFile)
        peers = settings.allowedPeers()
        self.maxBodyBytes = settings.integer(
            "MAX_BODY_BYTES", default: maxBodyBytes, in: 1024...(64 << 20), "The largest request body, in bytes.")
        maxInFlight = settings.integer(
            "MAX_IN_FLIGHT", default: defaultMaxInFlight(maxBodyBytes: self.maxBodyBytes), in: 1...65_536,
            "The maximum number of concurrent requests per process; further requests get 503.")
        drainSeconds = settings.integer(
            "DRAIN_SECONDS", default: 600, in: 1...86_400, "How long requests in progress may take after SIGTERM.")
        logLevel = settings.choice("LOG_LEVEL", default: Log.Level.info, "The minimum level to log.")
        slowMilliseconds = settings.integer(
            "SLOW_MS", default: 5000, in: 1...3_600_000,
            "A request that takes this many milliseconds is logged as slow.")
    }
}

/// The default of `MAX_IN_FLIGHT`: 1024, or fewer if that many bodies of the largest size exceed 1 GiB. The units'
/// `MemoryMax` allows for that.
func defaultMaxInFlight(maxBodyBytes: Int) -> Int {
    min(1024, (1 << 30) / maxBodyBytes)
}

extension Settings {
    /// `API_KEYS`, and the scopes file if there is one. Nil, and a fault, if they can't be used.
    package mutating func apiKeys(scopesFile: String?) -> APIKeys? {
        let text = secret(
            "API_KEYS", isRequired: scopesFile == nil,
            "The callers' API keys, separated by commas. It may be unset if there is a file of scopes.")
        let keys = listEntries(text ?? "")
        if keys.isEmpty, scopesFile == nil, text != nil { fail("API_KEYS", "is missing") }
        if !keys.allSatisfy(isHeaderSafe) { fail("API_KEYS", "must be printable ASCII without spaces") }
        guard let scopesFile else { return keys.isEmpty ? nil : APIKeys(keys) }
        do throws(APIKeys.BrokenScopes) {
            return try APIKeys(keys).with(scopesFile: scopesFile)
        } catch {
            fail("API_KEY_SCOPES_FILE", error.reason)
            return nil
        }
    }

    /// The path in `SSL_CERT_FILE`, as OpenSSL names it. Endpoints that call an upstream read it.
    package mutating func certificateAuthoritiesFile() -> String? {
        let path = optional(
            "SSL_CERT_FILE", "A PEM file of the certificate authorities to trust in place of the system's.")
        if let path, readFile(path) == nil { fail("SSL_CERT_FILE", "cannot be read: \(errnoText())") }
        return path
    }

    fileprivate mutating func allowedPeers() -> AllowedPeers? {
        let names = list(
            "ALLOWED_PEER_USERS", default: AllowedPeers.defaultNames,
            "The users that may connect to the unix socket, in addition to root and the process's own user.")
        do throws(AllowedPeers.UnknownUser) {
            return try AllowedPeers(isSet("ALLOWED_PEER_USERS") ? names : nil)
        } catch {
            fail("ALLOWED_PEER_USERS", "user \(error.name) does not exist")
            return nil
        }
    }
}
