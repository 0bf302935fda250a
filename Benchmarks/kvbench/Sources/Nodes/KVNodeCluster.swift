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
    public private(set) var nodes: [Node] = []
    private let directory: URL

    public init(_ options: Options, directory: URL) throws {
        self.options = options
        self.directory = directory
        for index in 0..<options.nodes {
            let folder = directory.appendingPathComponent("node\(index)")
            let process = try ServerProcess(
                name: "node\(index)", directory: folder,
                command: [
                    options.binary, "serve", "--config", folder.appendingPathComponent("node.yaml").path,
                ],
                diskCounter: options.diskCounter)
            nodes.append(
                Node(
                    process: process, grpcPort: try Probe.freePort(), httpPort: try Probe.freePort(),
                    respPort: try Probe.freePort(), peerPort: try Probe.freePort()))
        }
        let members = nodes.map { "\"\($0.process.name)@127.0.0.1:\($0.peerPort)\"" }.joined(separator: ", ")
        for node in nodes {
            try configuration(of: node, members: members).write(
                to: node.process.directory.appendingPathComponent("node.yaml"), atomically: true,
                encoding: .utf8)
        }
    }

    private func configuration(of node: Node, members: String) -> String {
        """
        node:
          name: "\(node.process.name)"
          data_directory: "\(node.process.directory.appendingPathComponent("data").path)"
        cluster:
          name: "kvbench"
          members: [\(members)]
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
        try Probe.wait(for: node.process) {
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
        let conflict = keepsSiblings ? "siblings" : "last-write-wins"
        let reply = try Probe.http(
            "PUT", "/v1/buckets/\(bucket)/properties",
            body:
                #"{"n": \#(options.n), "r": \#(options.r), "w": \#(options.w), "conflict": "\#(conflict)"}"#,
            host: "127.0.0.1", port: nodes[0].httpPort)
        guard reply.status == 200 else { throw Probe.Failure(description: "properties: \(reply.body)") }
    }

    /// Removes what a node that has ended had stored.
    public func wipe(_ node: Node) throws {
        precondition(!node.process.isRunning, "the node uses its disk")
        try FileManager.default.removeItem(at: node.process.directory.appendingPathComponent("data"))
    }

    /// Ends all nodes, and removes what they have stored.
    public func remove() throws {
        for node in nodes { node.process.kill() }
        try FileManager.default.removeItem(at: directory)
    }
}
