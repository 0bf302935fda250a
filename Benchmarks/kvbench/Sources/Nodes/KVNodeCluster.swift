import Foundation

/// Nodes of kvnode on the loopback address.
public final class KVNodeCluster {
    public struct Options {
        public var engine: String
        public var durability: String
        public var nodes = 3
        public var n = 3
        public var r = 2
        public var w = 2
        /// The `kvnode` to run.
        public var binary: String
        /// A library that counts what the nodes write to files; nil for none.
        public var diskCounter: String?
        /// Variables that configure the nodes besides.
        public var environment: [String: String] = [:]

        public init(engine: String, durability: String, binary: String) {
            self.engine = engine
            self.durability = durability
            self.binary = binary
        }
    }

    public struct Node {
        public var process: ServerProcess
        public var grpcPort: UInt16
        public var httpPort: UInt16
        public var respPort: UInt16
        var peerPort: UInt16
    }

    public let options: Options
    /// Those that have been members from the beginning.
    public private(set) var nodes: [Node] = []
    /// One that came later, until it is gone again.
    public internal(set) var newcomer: Node?
    let directory: URL
    /// So many nodes there have been: a name is a node's for good.
    private var named = 0

    public init(_ options: Options, directory: URL) throws {
        self.options = options
        self.directory = directory
        nodes = try (0..<options.nodes).map { _ in try makeNode() }
        for node in nodes { try configure(node, joins: false) }
    }

    /// All that are there.
    public var processes: [ServerProcess] { (nodes + [newcomer].compactMap(\.self)).map(\.process) }

    /// One with a name, a directory and ports of its own.
    func makeNode() throws -> Node {
        let name = "node\(named)"
        named += 1
        let folder = directory.appendingPathComponent(name)
        let process = try ServerProcess(
            name: name, directory: folder,
            command: [
                options.binary, "serve", "--config", folder.appendingPathComponent("node.yaml").path,
            ],
            diskCounter: options.diskCounter, environment: options.environment)
        return Node(
            process: process, grpcPort: try Probe.freePort(), httpPort: try Probe.freePort(),
            respPort: try Probe.freePort(), peerPort: try Probe.freePort())
    }

    /// - Parameter joins: Whether it waits until it is told to join.
    func configure(_ node: Node, joins: Bool) throws {
        let members = nodes.map { "\"\($0.process.name)@127.0.0.1:\($0.peerPort)\"" }.joined(separator: ", ")
        try configuration(of: node, members: members, joins: joins).write(
            to: node.process.directory.appendingPathComponent("node.yaml"), atomically: true,
            encoding: .utf8)
    }

    private func configuration(of node: Node, members: String, joins: Bool) -> String {
        """
        node:
          name: "\(node.process.name)"
          data_directory: "\(node.process.directory.appendingPathComponent("data").path)"
        cluster:
          name: "kvbench"
          members: [\(members)]
          join: \(joins)
        engine:
          type: "\(options.engine)"
          durability: "\(options.durability)"
        peer:
          listen: "127.0.0.1:\(node.peerPort)"
        grpc:
          listen: "127.0.0.1:\(node.grpcPort)"
        http:
          listen: "127.0.0.1:\(node.httpPort)"
        resp:
          listen: "127.0.0.1:\(node.respPort)"

        """
    }

    /// Starts all nodes, and waits until each reaches all.
    public func start() throws {
        for node in nodes { try node.process.start() }
        for node in nodes { try waitUntilServing(node) }
    }

    /// Until it serves, and reaches as many others as hold copies.
    public func waitUntilServing(_ node: Node) throws {
        try Probe.wait(for: node.process, among: processes) {
            guard try Probe.http("GET", "/readyz", host: "127.0.0.1", port: node.httpPort).status == 200
            else {
                return false
            }
            return try (0..<4).allSatisfy {
                try Probe.http(
                    "PUT", "/v1/buckets/warm-up/keys/\(node.process.name)-\($0)?w=\(options.n)&timeout=2s",
                    host: "127.0.0.1", port: node.httpPort
                ).status == 204
            }
        }
    }

    /// Sets how the bucket that is used resolves what is concurrent.
    public func setProperties(bucket: String, keepsSiblings: Bool) throws {
        try Bucket(name: bucket, n: options.n, r: options.r, w: options.w, keepsSiblings: keepsSiblings)
            .set(host: "127.0.0.1", port: nodes[0].httpPort)
    }

    /// Removes what a node that has ended had stored.
    public func wipe(_ node: Node) throws {
        precondition(!node.process.isRunning, "the node uses its disk")
        try FileManager.default.removeItem(at: node.process.directory.appendingPathComponent("data"))
    }

    /// Ends all nodes, and removes what they have stored.
    public func remove() throws {
        for process in processes { process.kill() }
        try FileManager.default.removeItem(at: directory)
    }
}
