// swift-tools-version: 6.2
import PackageDescription

// Arrows point down only: an endpoint → Ozon, Relay → R2Storage → Upstreams → Core, HTTPClient → FastCGI, R2 → SigV4 →
// Digest → HTTP, Descriptors.
// An endpoint that only signs names neither Ozon nor HTTPClient and so links no libcurl (checked by deploy/test).

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func endpoint(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/Endpoints/\(name)", swiftSettings: strict)
}

/// - Parameter vectors: there is a folder `Vectors`, which the tests read where it lies.
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
        module("HTTP"),
        module("Descriptors"),
        module("Digest", ["CCrypto"]),
        module("SigV4", ["Digest", "HTTP"]),
        module("FastCGI", ["CFastCGI", "Descriptors"]),
        module("R2", ["Digest", "HTTP", "SigV4"]),
        module("Core", ["Descriptors", "Digest", "FastCGI", "HTTP", "R2", "SigV4"]),
        module("HTTPClient", ["CCurl", "Descriptors", "HTTP"]),
        module("Upstreams", ["Core", "HTTPClient"]),
        module("Ozon", ["Core", "HTTP", "HTTPClient", "Upstreams"]),
        module("R2Storage", ["Core", "Digest", "HTTP", "HTTPClient", "R2", "Upstreams"]),
        module("Relay", ["Core", "Descriptors", "HTTP", "HTTPClient", "R2", "R2Storage", "Upstreams"]),
        endpoint("ozon-download", ["Core", "HTTP", "HTTPClient", "Ozon", "R2", "Relay"]),
        endpoint("ozon-push-images", ["Core", "Ozon"]),
        endpoint("ozon-push-status", ["Core", "Ozon"]),
        endpoint("r2-multipart-abort", ["Core", "R2", "R2Storage"]),
        endpoint("r2-multipart-complete", ["Core", "R2", "R2Storage"]),
        endpoint("r2-multipart-create", ["Core", "HTTP", "R2", "R2Storage"]),
        endpoint("r2-multipart-parts", ["Core", "HTTP", "R2"]),
        endpoint("r2-multipart-resume", ["Core", "HTTP", "R2", "R2Storage"]),
        endpoint("r2-presigned-url", ["Core", "HTTP", "R2"]),
        endpoint("r2-presigned-urls", ["Core", "HTTP", "R2"]),
        .testTarget(
            name: "EndToEndTests", dependencies: ["TestSupport"], swiftSettings: [.treatAllWarnings(as: .error)]),
        .target(
            name: "TestSupport", path: "Tests/Support", exclude: ["s3-proxy", "systemctl"], swiftSettings: strict),
        tests("HTTPTests", ["HTTP"]),
        tests("DigestTests", ["Digest"], vectors: true),
        tests("SigV4Tests", ["Digest", "HTTP", "SigV4"], vectors: true),
        tests("R2Tests", ["HTTP", "R2", "SigV4"], vectors: true),
        tests("R2StorageTests", ["Core", "HTTP", "HTTPClient", "R2", "R2Storage", "SigV4"], vectors: true),
        tests("CoreTests", ["Core", "Digest", "FastCGI", "HTTP", "R2"], vectors: true),
        tests("FastCGITests", ["FastCGI"]),
        tests("HTTPClientTests", ["HTTP", "HTTPClient"]),
        tests("UpstreamsTests", ["Core", "FastCGI", "HTTPClient", "Upstreams"]),
        tests("RelayTests", ["Core", "HTTPClient", "R2", "Relay", "SigV4"]),
        tests("OzonTests", ["Core", "HTTP", "HTTPClient", "Ozon"], vectors: true),
    ],
    swiftLanguageModes: [.v6]
)
