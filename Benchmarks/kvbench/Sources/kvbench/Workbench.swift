import ArgumentParser
import Foundation
import Glibc
import Load
import Nodes
import Workloads

/// What commands that start clusters have in common.
struct Workbench: ParsableArguments {
    @Option(help: "The kvnode to measure.")
    var kvnode = ".build/release/kvnode"

    @Option(
        help: """
            Where the clusters' files go, each run's in a folder of its own, which is removed at the end (default: kvbench in \
            the directory for temporary files).
            """)
    var directory: String?

    @Option(help: "What all that is drawn by chance follows from.")
    var seed: UInt64 = 1

    /// Of commands that start nodes.
    func requireKvnode() throws {
        guard FileManager.default.isExecutableFile(atPath: kvnode) else {
            throw ValidationError("there is no kvnode at \(kvnode): swift build -c release --product kvnode")
        }
    }

    /// Absolute, as each process has a directory of its own.
    var kvnodePath: String { URL(fileURLWithPath: kvnode).path }

    /// A new folder below `directory`.
    func folder(_ name: String) -> URL {
        parent.appendingPathComponent("\(name)-\(getpid())")
    }

    private var parent: URL {
        directory.map { URL(fileURLWithPath: $0) }
            ?? FileManager.default.temporaryDirectory.appendingPathComponent("kvbench")
    }

    /// Removes the directory, unless the user has named it or another run uses it.
    func removeDirectory() {
        if directory == nil { rmdir(parent.path) }
    }

    /// What counts what is written to files; beside this program.
    var diskCounter: String? {
        let path = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("libDiskCounter.so").path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }
}

extension KVNodeCluster {
    func servers(_ driver: DriverName) -> [Server] {
        nodes.map { node in
            let port =
                switch driver {
                case .resp: node.respPort
                case .http: node.httpPort
                case .session, .unary: node.grpcPort
                }
            return Server(host: "127.0.0.1", port: port)
        }
    }
}

/// The protocols of kvnode, as the command line has them.
enum DriverName: String, ExpressibleByArgument, CaseIterable {
    case resp, http, session, unary

    /// - Parameter keepsSiblings: Whether values are read and written with contexts.
    func driver(bucket: String, keepsSiblings: Bool) -> Driver {
        switch self {
        case .resp: .resp(keepsSiblings ? .causal : .plain, bucket: bucket)
        case .http: .http(bucket: bucket)
        case .session: .session(bucket: bucket)
        case .unary: .unary(.kvnode(bucket: bucket))
        }
    }
}

extension [ServerProcess] {
    var cpuSeconds: Double { reduce(0) { $0 + $1.cpuSeconds } }
    var memoryBytes: Int { reduce(0) { $0 + $1.memoryBytes } }
    var diskBytesUsed: Int { reduce(0) { $0 + $1.diskBytesUsed } }

    /// Nil if one of them is not counted.
    var diskCounts: (syncs: Int, bytes: Int)? {
        let all = compactMap(\.diskCounts)
        return all.count == count ? all.reduce((0, 0)) { ($0.0 + $1.syncs, $0.1 + $1.bytes) } : nil
    }
}
