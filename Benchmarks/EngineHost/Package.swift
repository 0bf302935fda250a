// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

// The engines without a cluster, for `kvbench engine`, which has none of kvnode's code itself.
let package = Package(
    name: "EngineHost",
    products: [.executable(name: "engine-host", targets: ["engine-host"])],
    dependencies: [
        .package(name: "kvnode", path: "../.."),
        .package(name: "kvbench", path: "../kvbench"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    ],
    targets: [
        .target(
            name: "EngineHosting",
            dependencies: [
                .product(name: "Engine", package: "kvnode"),
                .product(name: "RocksEngine", package: "kvnode"),
                .product(name: "LevelEngine", package: "kvnode"),
                .product(name: "LMDBEngine", package: "kvnode"),
                // For what a replica stores beside a value.
                .product(name: "ClusterCore", package: "kvnode"),
                .product(name: "Workloads", package: "kvbench"),
                .product(name: "Load", package: "kvbench"),
                .product(name: "HostProtocol", package: "kvbench"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "engine-host",
            dependencies: [
                "EngineHosting",
                .product(name: "HostProtocol", package: "kvbench"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict,
            // The node's allocator.
            linkerSettings: [.linkedLibrary("jemalloc")]),
        .testTarget(
            name: "EngineHostingTests",
            dependencies: [
                "EngineHosting",
                .product(name: "Engine", package: "kvnode"),
                .product(name: "ClusterCore", package: "kvnode"),
                .product(name: "Results", package: "kvbench"),
                .product(name: "HostProtocol", package: "kvbench"),
            ],
            swiftSettings: strict),
    ]
)
