// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

// What small steps cost by themselves, against limits: `scripts/micro`.
let package = Package(
    name: "Micro",
    dependencies: [
        // No engine's library and no jemalloc, which would count for the C library's allocator.
        .package(name: "kvnode", path: "../..", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .target(name: "AllocationCounter"),
        // The package of the benchmarks looks for them in a folder of this name.
        .executableTarget(
            name: "Micro",
            dependencies: [
                "AllocationCounter",
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "ClusterCore", package: "kvnode"),
                .product(name: "Engine", package: "kvnode"),
                .product(name: "TextAPI", package: "kvnode"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Benchmarks/Micro", swiftSettings: strict,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)
