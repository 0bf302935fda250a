// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    // The frontend alone is told of libFuzzer: told to link it, the driver would want its main function.
    .unsafeFlags(["-Xfrontend", "-sanitize=fuzzer,address"]),
]

// libFuzzer over what takes bytes from outside: `scripts/fuzz`, which knows with which flags this is built.
let package = Package(
    name: "Fuzzing",
    dependencies: [
        // No engine's library, and no jemalloc, whose heap could not be watched.
        .package(name: "kvnode", path: "..", traits: []),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CFuzzer"),
        // The sources of `kvnode` that read its configuration: an executable's module can't be imported from here.
        .target(
            name: "NodeSettings",
            dependencies: [
                .product(name: "Access", package: "kvnode"),
                .product(name: "Cluster", package: "kvnode"),
                .product(name: "ClusterCore", package: "kvnode"),
                .product(name: "Credentials", package: "kvnode"),
                .product(name: "Engine", package: "kvnode"),
                .product(name: "TLS", package: "kvnode"),
                .product(name: "TextAPI", package: "kvnode"),
                .product(name: "TraceExport", package: "kvnode"),
                .product(name: "Backup", package: "kvnode"),
                .product(name: "ObjectStorage", package: "kvnode"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "CFuzzer", "NodeSettings",
                .product(name: "Access", package: "kvnode"),
                .product(name: "API", package: "kvnode"),
                .product(name: "Cluster", package: "kvnode"),
                .product(name: "ClusterCore", package: "kvnode"),
                .product(name: "Engine", package: "kvnode"),
                .product(name: "GRPCWire", package: "kvnode"),
                .product(name: "ProtoWire", package: "kvnode"),
                .product(name: "TextAPI", package: "kvnode"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
    ]
)
