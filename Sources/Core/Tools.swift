/// An endpoint's dependencies, created from the settings at startup.
package protocol Tools: Sendable {
    /// Nil if a setting can't be used; `settings` then has the fault. `serve` infers the type from the endpoint's
    /// `Input`. It must read all settings unconditionally, because each read declares its setting for `--help`.
    init?(_ settings: inout Settings)
}
