func usage(_ name: String) -> String {
    "usage: \(name) --listen PATH | --listen 127.0.0.1:PORT | --check | --version | --help"
}

/// The text of `--help`. It lists the settings that the executable reads, because reading one declares it, set or not.
func helpText<Input: RequestBody>(_ name: String, maxBodyBytes: Int, _: Input.Type) -> String {
    var settings = Settings { _ in nil }
    _ = CommonSettings(&settings, maxBodyBytes: maxBodyBytes)
    _ = Input.Tools(&settings)
    return """
        \(usage(name))

        Handles the POST requests of one endpoint over FastCGI. Without an option it serves a listening socket that it
        inherits: on descriptor 0 (spawn-fcgi, multiwatch) or by LISTEN_FDS (systemd). If GATEWAY_INTERFACE is set, it
        ignores all options and handles one plain CGI request. On SIGTERM, SIGINT or SIGUSR1 it empties the queue of a
        socket that it opened itself, accepts no further connections, finishes the requests in progress and exits with
        0. --check reads the settings, reports everything that is wrong with them, and exits with 0 or 78. All settings
        are environment variables.

        Settings:
        \(settings.declarations.map(\.helpLines).joined(separator: "\n"))
        """
}

extension Settings.Declaration {
    fileprivate var helpLines: String {
        let facts =
            switch defaultValue {
            case .required: "required"
            case .none: "default: none"
            case .value(let text): "default: \(text)" + (values.map { "; values: \($0)" } ?? "")
            }
        return "  \(name)  (\(facts))\n      \(purpose)"
    }
}
