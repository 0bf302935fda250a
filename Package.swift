// swift-tools-version: 6.2

import PackageDescription

/// For `scripts/fuzz`: libFuzzer is led by the edges of this package's code. With those of all that it depends on it would have a
/// million to look through after each input, seven times as many.
let edges: [SwiftSetting] =
    Context.environment["KVNODE_FUZZ"] == nil
    ? [] : [.unsafeFlags(["-Xfrontend", "-sanitize=fuzzer,address"])]

let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
    ] + edges

/// The engine modules; each is linked only when its trait is enabled.
let engines: [Target.Dependency] = [
    "Engine",
    .target(name: "RocksEngine", condition: .when(traits: ["RocksDB"])),
    .target(name: "LevelEngine", condition: .when(traits: ["LevelDB"])),
    .target(name: "LMDBEngine", condition: .when(traits: ["LMDB"])),
]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
let http2: [Target.Dependency] = [
    .product(name: "NIOHTTP2", package: "swift-nio-http2"),
    .product(name: "NIOHPACK", package: "swift-nio-http2"),
]
let grpc: [Target.Dependency] = [
    .product(name: "GRPCCore", package: "grpc-swift-2"),
    .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
]
/// Certificates, and the protocol that goes by them.
let certificates: [Target.Dependency] = [
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "NIOTLS", package: "swift-nio"),
    .product(name: "X509", package: "swift-certificates"),
    .product(name: "SwiftASN1", package: "swift-asn1"),
    .product(name: "Crypto", package: "swift-crypto"),
]
let protobuf: [Target.Dependency] = [
    .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
    .product(name: "SwiftProtobuf", package: "swift-protobuf"),
]

let package = Package(
    name: "kvnode",
    products: [
        .executable(name: "kvnode", targets: ["kvnode"]),
        // For programs that read and write keys.
        .library(name: "KVNodeClient", targets: ["KVNodeClient"]),
        // For the packages under Benchmarks/, and for Fuzzing.
        .library(name: "Engine", targets: ["Engine"]),
        .library(name: "Instruments", targets: ["Instruments"]),
        .library(name: "RocksEngine", targets: ["RocksEngine"]),
        .library(name: "LevelEngine", targets: ["LevelEngine"]),
        .library(name: "LMDBEngine", targets: ["LMDBEngine"]),
        .library(name: "Cluster", targets: ["Cluster"]),
        .library(name: "ClusterCore", targets: ["ClusterCore"]),
        .library(name: "Access", targets: ["Access"]),
        .library(name: "Credentials", targets: ["Credentials"]),
        .library(name: "TLS", targets: ["TLS"]),
        .library(name: "GRPCWire", targets: ["GRPCWire"]),
        .library(name: "ProtoWire", targets: ["ProtoWire"]),
        .library(name: "TextAPI", targets: ["TextAPI"]),
        .library(name: "TraceExport", targets: ["TraceExport"]),
        .library(name: "API", targets: ["API"]),
        .library(name: "Backup", targets: ["Backup"]),
        .library(name: "ObjectStorage", targets: ["ObjectStorage"]),
    ],
    traits: [
        .trait(name: "RocksDB", description: "The RocksDB engine (needs librocksdb)."),
        .trait(name: "LevelDB", description: "The LevelDB engine (needs libleveldb)."),
        .trait(name: "LMDB", description: "The LMDB engine (needs liblmdb)."),
        .trait(
            name: "Jemalloc",
            description: "jemalloc in place of the C library's allocator (needs libjemalloc)."),
        .default(enabledTraits: ["RocksDB", "LevelDB", "LMDB", "Jemalloc"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(
            url: "https://github.com/apple/swift-configuration", from: "1.4.0",
            traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // MARK: Engines
        .target(name: "Engine", swiftSettings: strict),
        .systemLibrary(
            name: "CRocksDB", path: "Sources/Engines/CRocksDB", pkgConfig: "rocksdb",
            providers: [.apt(["librocksdb-dev"])]),
        .systemLibrary(
            name: "CLevelDB", path: "Sources/Engines/CLevelDB",
            providers: [.apt(["libleveldb-dev"])]),
        .systemLibrary(
            name: "CLMDB", path: "Sources/Engines/CLMDB", pkgConfig: "lmdb",
            providers: [.apt(["liblmdb-dev"])]),
        .target(
            name: "RocksEngine",
            dependencies: ["Engine", .target(name: "CRocksDB", condition: .when(traits: ["RocksDB"]))],
            path: "Sources/Engines/RocksEngine", swiftSettings: strict),
        .target(
            name: "LevelEngine",
            dependencies: ["Engine", .target(name: "CLevelDB", condition: .when(traits: ["LevelDB"]))],
            path: "Sources/Engines/LevelEngine", swiftSettings: strict),
        .target(
            name: "LMDBEngine",
            dependencies: ["Engine", .target(name: "CLMDB", condition: .when(traits: ["LMDB"]))],
            path: "Sources/Engines/LMDBEngine", swiftSettings: strict),

        // MARK: What a node tells of itself
        // Two modules, so that what counts need not know how it is told.
        .target(name: "Instruments", swiftSettings: strict),
        .target(
            name: "Observability",
            dependencies: ["Instruments", .product(name: "CoreMetrics", package: "swift-metrics")],
            swiftSettings: strict),

        // MARK: Where the spans of traces go
        .target(
            name: "TraceExport",
            dependencies: [
                "ProtoWire", "ClusterCore", "Cluster", "Instruments", "LogLimits", log, tracing,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ] + nio + grpc + protobuf,
            swiftSettings: strict),

        // MARK: Where objects are kept by name
        .target(
            name: "ObjectStorage",
            dependencies: [
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ] + nio,
            swiftSettings: strict),

        // MARK: What repeats itself in the log
        .target(name: "LogLimits", dependencies: [log], swiftSettings: strict),

        // MARK: The cluster layer
        .target(name: "ClusterCore", path: "Sources/Cluster/Core", swiftSettings: strict),
        .target(
            name: "Cluster",
            dependencies: ["ClusterCore", "Engine", "Instruments", "LogLimits", log, tracing] + nio,
            path: "Sources/Cluster/Runtime", swiftSettings: strict),

        // MARK: Who may do what
        // Two modules, so that the interfaces need no cryptography to be built, and measured.
        .target(name: "Access", dependencies: ["ClusterCore", "LogLimits", log], swiftSettings: strict),
        .target(
            name: "Credentials",
            dependencies: [
                "Access",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),

        // MARK: What crosses a socket
        .target(name: "GRPCWire", dependencies: nio + http2, swiftSettings: strict),
        .target(name: "ProtoWire", dependencies: ["ClusterCore"], swiftSettings: strict),
        .target(name: "TLS", dependencies: ["LogLimits", log] + nio + certificates, swiftSettings: strict),
        .target(
            name: "Transport",
            dependencies: [
                "GRPCWire", "TLS", "Cluster", "ClusterCore", "Instruments", log,
                .product(name: "GRPCCore", package: "grpc-swift-2"),
            ] + nio + http2,
            swiftSettings: strict),
        // Two modules, so that what needs no gRPC is built, and measured, without it.
        .target(
            name: "TextAPI",
            dependencies: [
                "Access", "Cluster", "ClusterCore", "LogLimits", log,
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
            ] + nio,
            // In the program itself: a node has no folder of resources beside it.
            resources: [
                "index.html", "console.css", "main.js", "node.js", "overview.js", "ring.js", "charts.js",
                "load.js",
                "browser.js", "causality.js", "elements.js",
            ].map { .embedInCode("HTTP/Console/Page/" + $0) },
            swiftSettings: strict),
        .target(
            name: "API",
            dependencies: [
                "Messages", "GRPCWire", "ProtoWire", "TextAPI", "Access", "Cluster", "ClusterCore", log,
                .product(name: "GRPCCore", package: "grpc-swift-2"),
            ] + nio + http2 + protobuf,
            swiftSettings: strict),

        // MARK: Clients
        // What proto/kvnode and the health service say, as generated: for servers and clients.
        .target(
            name: "Messages",
            dependencies: [.product(name: "GRPCCore", package: "grpc-swift-2")] + protobuf,
            swiftSettings: strict),
        .target(
            name: "KVNodeClient",
            dependencies: ["Messages", "ClusterCore", "TLS"] + nio + grpc + protobuf, swiftSettings: strict),

        .executableTarget(
            name: "carts", dependencies: ["KVNodeClient"], path: "Examples/Carts", swiftSettings: strict),

        // MARK: Backups
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(
            name: "Backup",
            dependencies: [
                "ClusterCore", "Engine", "ObjectStorage", "CZstd",
                .product(name: "Crypto", package: "swift-crypto"),
            ] + nio,
            swiftSettings: strict),

        // MARK: The executable
        .systemLibrary(
            name: "CJemalloc", pkgConfig: "jemalloc", providers: [.apt(["libjemalloc-dev"])]),
        .executableTarget(
            name: "kvnode",
            dependencies: engines + [
                .target(name: "CJemalloc", condition: .when(traits: ["Jemalloc"])),
                "ClusterCore", "Cluster", "LogLimits", "TLS", "Transport", "API", "TextAPI", "Access",
                "Messages", "KVNodeClient", "Credentials", "Instruments", "Observability", "TraceExport",
                "Backup", "ObjectStorage", log, tracing,
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ] + nio + grpc + protobuf,
            swiftSettings: strict),

        // MARK: The simulator
        .target(
            name: "Simulation",
            dependencies: [
                "ClusterCore", "Cluster", "Engine", log, .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "kvsim",
            dependencies: [
                "Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // MARK: Tests
        .executableTarget(
            name: "engine-crash-writer", dependencies: engines,
            path: "Tests/Support/EngineCrashWriter", swiftSettings: strict),
        .testTarget(name: "EngineTests", dependencies: ["Engine"], swiftSettings: strict),
        .testTarget(
            name: "ObservabilityTests",
            dependencies: [
                "Instruments", "Observability", .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TraceExportTests",
            dependencies: [
                "TraceExport", "ProtoWire", "Cluster", "ClusterCore", "Instruments", "LogLimits", log,
                tracing,
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio + grpc + protobuf,
            swiftSettings: strict),
        .testTarget(
            name: "ObjectStorageTests",
            dependencies: [
                "ObjectStorage",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio,
            swiftSettings: strict),
        .testTarget(
            name: "EngineContract", dependencies: engines + ["engine-crash-writer"],
            swiftSettings: strict),
        .testTarget(
            name: "ClusterCoreTests", dependencies: ["ClusterCore"], swiftSettings: strict),
        .testTarget(name: "LogLimitsTests", dependencies: ["LogLimits", log], swiftSettings: strict),
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "Cluster", "ClusterCore", "Engine", "Instruments", "LogLimits", "Transport", log, tracing,
            ] + nio,
            swiftSettings: strict),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["Simulation", "Cluster", "ClusterCore", "Engine", "kvsim"],
            swiftSettings: strict),
        .testTarget(
            name: "TLSTests", dependencies: ["TLS", log] + nio + certificates, swiftSettings: strict),
        .testTarget(
            name: "TransportTests",
            dependencies: [
                "Transport", "GRPCWire", "TLS", "Cluster", "ClusterCore", log,
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ] + nio + http2,
            swiftSettings: strict),
        .testTarget(
            name: "AccessTests", dependencies: ["Access", "ClusterCore", log], swiftSettings: strict),
        .testTarget(
            name: "CredentialsTests",
            dependencies: ["Credentials", "Access", log],
            swiftSettings: strict),
        .testTarget(
            name: "APITests",
            dependencies: [
                "API", "Messages", "GRPCWire", "ProtoWire", "TextAPI", "Access", "Cluster", "ClusterCore",
                log,
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ] + nio + http2 + grpc + protobuf,
            swiftSettings: strict),
        .testTarget(
            name: "KVNodeClientTests",
            dependencies: ["KVNodeClient", "Messages", "ClusterCore"] + grpc + protobuf,
            swiftSettings: strict),
        .testTarget(
            name: "BackupTests",
            dependencies: ["Backup", "ObjectStorage", "ClusterCore", "Engine"] + nio,
            swiftSettings: strict),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "kvnode", "API", "GRPCWire", "ProtoWire", "TextAPI", "Access", "Cluster", "ClusterCore",
                "Engine", log,
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio + http2,
            swiftSettings: strict),
        .testTarget(
            name: "KvnodeTests",
            dependencies: [
                "kvnode", "KVNodeClient", "Messages", "API", "TextAPI", "Access", "Backup", "Credentials",
                "Cluster", "ClusterCore", "Engine", "Instruments", "LogLimits", "ObjectStorage",
                "Observability", "TLS", "TraceExport", "Transport", log,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ] + nio + grpc + protobuf,
            swiftSettings: strict),
    ]
)
