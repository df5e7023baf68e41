// swift-tools-version: 6.2
import PackageDescription

// Modules are listed from the bottom up; each depends only on modules above it in the list (Sources/README.md has the
// layers). An endpoint that only signs depends on HTTPClient neither directly nor indirectly, and so doesn't link
// libcurl (Tests/Checks/linkage).

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

/// A file sees only what it imports itself, so that Tests/Checks/imports finds every dependency.
let explicitImports: [SwiftSetting] = strict + [.enableUpcomingFeature("MemberImportVisibility")]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: explicitImports)
}

func endpoint(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/Endpoints/\(name)", swiftSettings: explicitImports)
}

/// - Parameter vectors: there is a folder `Vectors`, which the tests read in the source folder.
func tests(_ name: String, _ dependencies: [Target.Dependency], vectors: Bool = false) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"], exclude: vectors ? ["Vectors"] : [],
        swiftSettings: strict)
}

let package = Package(
    name: "ozon-r2",
    targets: [
        .systemLibrary(name: "CFastCGI"),
        .systemLibrary(name: "CCrypto"),
        .systemLibrary(name: "CCurl"),
        module("Encoding"),
        module("System"),
        module("JSON", ["Encoding"]),
        module("Digest", ["CCrypto"]),
        module("SigV4", ["Digest", "Encoding"]),
        module("FastCGI", ["CFastCGI", "System"]),
        module("HTTPClient", ["CCurl", "Encoding", "System"]),
        module("Telemetry", ["Encoding", "JSON", "System"]),
        module("R2", ["Digest", "Encoding", "SigV4"]),
        module("Core", ["Digest", "Encoding", "FastCGI", "JSON", "System", "Telemetry"]),
        module("Upstreams", ["HTTPClient", "Telemetry"]),
        module("Uploads", ["Core", "Encoding", "JSON", "R2", "SigV4", "Telemetry"]),
        module("Ozon", ["Core", "Digest", "Encoding", "HTTPClient", "JSON", "System", "Telemetry", "Upstreams"]),
        module(
            "R2Storage",
            ["Core", "Digest", "Encoding", "HTTPClient", "JSON", "R2", "Telemetry", "Uploads", "Upstreams"]),
        module(
            "Relay",
            [
                "Core", "Digest", "Encoding", "HTTPClient", "R2", "R2Storage", "System", "Telemetry", "Uploads",
                "Upstreams",
            ]),
        endpoint(
            "ozon-download",
            ["Core", "Encoding", "JSON", "Ozon", "R2", "Relay", "Telemetry", "Uploads", "Upstreams"]),
        endpoint("ozon-push-images", ["Core", "Encoding", "Ozon"]),
        endpoint("ozon-push-status", ["Core", "Ozon"]),
        endpoint("r2-multipart-abort", ["Core", "JSON", "R2", "R2Storage", "Uploads"]),
        endpoint("r2-multipart-complete", ["Core", "JSON", "R2", "R2Storage", "Uploads"]),
        endpoint("r2-multipart-create", ["Core", "Encoding", "JSON", "R2", "R2Storage", "Uploads"]),
        endpoint("r2-multipart-parts", ["Core", "Encoding", "JSON", "R2", "Uploads"]),
        endpoint("r2-multipart-resume", ["Core", "Encoding", "JSON", "R2", "R2Storage", "Uploads"]),
        endpoint("r2-presigned-url", ["Core", "Encoding", "JSON", "R2", "Uploads"]),
        endpoint("r2-presigned-urls", ["Core", "Encoding", "JSON", "R2", "Uploads"]),
        endpoint("r2-sign-request", ["Core", "Encoding", "JSON", "R2", "Telemetry", "Uploads"]),
        .testTarget(
            name: "EndToEndTests", dependencies: ["TestSupport"], swiftSettings: [.treatAllWarnings(as: .error)]),
        .target(
            name: "TestSupport", path: "Tests/Support", exclude: ["s3-proxy", "systemctl"], swiftSettings: strict),
        tests("EncodingTests", ["Encoding"]),
        tests("SystemTests", ["System"]),
        tests("JSONTests", ["JSON"], vectors: true),
        tests("DigestTests", ["Digest"], vectors: true),
        tests("SigV4Tests", ["Digest", "Encoding", "SigV4"], vectors: true),
        tests("TelemetryTests", ["JSON", "System", "Telemetry"]),
        tests("R2Tests", ["Encoding", "R2", "SigV4"], vectors: true),
        tests(
            "R2StorageTests", ["Core", "Encoding", "HTTPClient", "R2", "R2Storage", "SigV4", "Telemetry"], vectors: true
        ),
        tests("CoreTests", ["Core", "Digest", "Encoding", "FastCGI", "JSON", "Telemetry"]),
        tests("UploadsTests", ["Core", "Encoding", "FastCGI", "R2", "Uploads"]),
        tests("FastCGITests", ["FastCGI"]),
        tests("HTTPClientTests", ["CCurl", "Encoding", "HTTPClient"]),
        tests("UpstreamsTests", ["HTTPClient", "Telemetry", "Upstreams"]),
        tests(
            "RelayTests", ["Core", "HTTPClient", "JSON", "R2", "Relay", "SigV4", "Telemetry", "Uploads", "Upstreams"]),
        tests("OzonDownloadTests", ["Core", "JSON", "R2", "Relay", "SigV4", "ozon-download"]),
        tests(
            "OzonTests", ["Core", "Encoding", "HTTPClient", "JSON", "Ozon", "System", "Telemetry", "Upstreams"],
            vectors: true),
    ],
    swiftLanguageModes: [.v6]
)

// Built by deploy/fuzz only, because libFuzzer brings a main function of its own.
if Context.environment["FUZZ_BUILD"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "CCurl", "Core", "Encoding", "FastCGI", "HTTPClient", "JSON", "Ozon", "R2", "R2Storage", "Relay",
                "SigV4", "Telemetry", "Uploads",
            ],
            path: "Tests/Fuzz", exclude: ["Seeds", "references.py", "references.mjs"]))
}
