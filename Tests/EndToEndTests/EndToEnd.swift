import Testing

/// The real executables behind the real nginx, with a real S3 server and the Ozon stand-in. The tests run side by side,
/// except those marked `.alone`. Each uses processes, articles, Client-Ids and keys of its own, so that none affects
/// another.
@Suite(.blocking) enum EndToEnd {}
