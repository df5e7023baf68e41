import Testing

/// The real executables behind the real nginx, with the real S3 server and the Ozon stand-in. One test after the other:
/// some look at how long something takes while others hold all processors.
@Suite(.serialized) enum EndToEnd {}
