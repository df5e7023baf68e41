/// An endpoint's dependencies, created by `serve` from the settings at startup. Their type follows from the endpoint's
/// `Input`.
package protocol Tools: Sendable {
    /// Nil if a setting can't be used; `settings` then has the fault. An implementation must read all of its settings
    /// before it returns nil, because each read declares its setting for `--help`.
    init?(_ settings: inout Settings)
}
