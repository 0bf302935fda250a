// swift-tools-version: 6.2

import PackageDescription

// Depends on nothing, neither kvnode nor gRPC: it builds in seconds, and measures kvnode with code that isn't kvnode's.
let package = Package(
    name: "firstfigure",
    targets: [
        .executableTarget(
            name: "load",
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .treatAllWarnings(as: .error),
            ])
    ]
)
