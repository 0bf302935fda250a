// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

// Does not depend on kvnode: it measures kvnode with code that isn't kvnode's.
let package = Package(
    name: "kvbench",
    products: [
        .executable(name: "kvbench", targets: ["kvbench"]),
        .library(name: "DiskCounter", type: .dynamic, targets: ["DiskCounter"]),
        // For Benchmarks/EngineHost, which has the engines without a cluster.
        .library(name: "Workloads", targets: ["Workloads"]),
        .library(name: "Load", targets: ["Load"]),
        .library(name: "Results", targets: ["Results"]),
        .library(name: "HostProtocol", targets: ["HostProtocol"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // What is asked for: which operations on which keys.
        .target(name: "Workloads", swiftSettings: strict),
        .systemLibrary(name: "CTimer"),
        // Asks for it, over sockets, and takes the time.
        .target(
            name: "Load",
            dependencies: [
                "CTimer", "Workloads", "Results", .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strict),
        // What kvbench and an engine-host tell each other.
        .target(name: "HostProtocol", dependencies: ["Results"], swiftSettings: strict),
        // Processes under test, and what they cost.
        .target(name: "Nodes", swiftSettings: strict),
        // Loaded into the processes under test: counts what they ask of the disk.
        .target(name: "DiskCounter"),
        // What came of it, and what that says.
        .target(name: "Results", swiftSettings: strict),
        // Makes a workload's shape of what running nodes tell.
        .target(name: "Recording", dependencies: ["Results"], swiftSettings: strict),
        .target(name: "Report", dependencies: ["Results"], swiftSettings: strict),
        .executableTarget(
            name: "kvbench",
            dependencies: [
                "Workloads", "Load", "Nodes", "HostProtocol", "Results", "Recording", "Report",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .testTarget(name: "WorkloadsTests", dependencies: ["Workloads"], swiftSettings: strict),
        .testTarget(
            name: "LoadTests", dependencies: ["Load", "Results", "Workloads"], swiftSettings: strict),
        .testTarget(name: "NodesTests", dependencies: ["Nodes"], swiftSettings: strict),
        .testTarget(
            name: "kvbenchTests", dependencies: ["kvbench", "Load", "Nodes", "Results"],
            swiftSettings: strict),
        .testTarget(
            name: "RecordingTests", dependencies: ["Recording", "Results", "Workloads"],
            swiftSettings: strict),
        .testTarget(name: "ReportTests", dependencies: ["Report", "Results"], swiftSettings: strict),
    ]
)
