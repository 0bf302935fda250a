// swift-tools-version: 6.2

import PackageDescription

// The engines through Swift against the same loops in C against the libraries: `swift run -c release EngineMicro --check`.
let package = Package(
    name: "EngineMicro",
    dependencies: [.package(name: "kvnode", path: "../..")],
    targets: [
        .target(
            name: "CLoops",
            linkerSettings: [
                .linkedLibrary("rocksdb"), .linkedLibrary("leveldb"), .linkedLibrary("lmdb"),
            ]),
        .executableTarget(
            name: "EngineMicro",
            dependencies: [
                "CLoops",
                .product(name: "Engine", package: "kvnode"),
                .product(name: "RocksEngine", package: "kvnode"),
                .product(name: "LevelEngine", package: "kvnode"),
                .product(name: "LMDBEngine", package: "kvnode"),
            ]),
    ]
)
