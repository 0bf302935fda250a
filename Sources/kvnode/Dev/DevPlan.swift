import Foundation

/// A local cluster to be: every node's ports, directory and configuration. Pure, nothing is touched.
struct DevPlan: Equatable {
    struct Node: Equatable, Sendable {
        var name: String
        var engine: String
        var grpc: HostPort
        var peer: HostPort
        var http: HostPort
        var resp: HostPort
        /// Holds the configuration file and the data.
        var directory: String
        /// The configuration file's text.
        var configuration: String

        var configurationFile: String { directory + "/kvnode.yaml" }
        /// In `cluster.members`.
        var entry: String { "\(name)@\(peer)" }
    }

    /// What an operator asked for.
    struct Request: Equatable {
        /// Nil takes as many as there are engines, or else 3.
        var nodes: Int?
        /// The first so many nodes begin the cluster, the others are to join; nil for all.
        var members: Int?
        /// One for each node, or one for all.
        var engines: [String]
        var basePort = 7400
        var directory: String
        var durability = "buffered"
        var replication = 3
        var logLevel = "info"
    }

    struct Failure: Error, Equatable {
        var message: String
    }

    static let host = "127.0.0.1"
    static let maxNodes = 100
    /// From one node's first port to the next one's.
    static let portStride = 10
    /// Ports that a node has: client gRPC, peer gRPC, HTTP, RESP.
    static let portsPerNode = 4

    var nodes: [Node]
    /// Those that are to join.
    var newcomers: [Node]
    var directory: String

    /// - Parameter available: The engines of this build.
    init(_ request: Request, available: [String] = EngineRegistry.names) throws(Failure) {
        let engines = try Self.engines(request, available)
        guard (1...Self.maxNodes).contains(engines.count) else {
            throw Failure(message: "\(engines.count) nodes: a local cluster has 1 to \(Self.maxNodes)")
        }
        let lastPort = request.basePort + (engines.count - 1) * Self.portStride + Self.portsPerNode - 1
        guard request.basePort > 0, lastPort <= 65_535 else {
            throw Failure(
                message: "the nodes' ports are \(request.basePort) to \(lastPort), not within 1 to 65535")
        }
        directory = request.directory
        nodes = engines.enumerated().map { index, engine in
            let port = request.basePort + index * Self.portStride
            return Node(
                name: "node\(index)", engine: engine, grpc: HostPort(host: Self.host, port: port),
                peer: HostPort(host: Self.host, port: port + 1),
                http: HostPort(host: Self.host, port: port + 2),
                resp: HostPort(host: Self.host, port: port + 3),
                directory: "\(request.directory)/node\(index)", configuration: "")
        }
        let memberCount = request.members ?? nodes.count
        guard (1...nodes.count).contains(memberCount) else {
            throw Failure(
                message: "\(memberCount) members of \(nodes.count) nodes: they are 1 to \(nodes.count)")
        }
        let members = nodes.prefix(memberCount).map(\.entry)
        for index in nodes.indices {
            nodes[index].configuration = Self.yaml(
                nodes[index], members, joins: index >= memberCount, request)
        }
        newcomers = Array(nodes.dropFirst(memberCount))
    }

    /// The engine of each node.
    private static func engines(_ request: Request, _ available: [String]) throws(Failure) -> [String] {
        for engine in request.engines where !available.contains(engine) {
            throw Failure(
                message: "the engine \"\(engine)\": "
                    + EngineRegistry.explainAbsence(of: engine, among: available))
        }
        if request.engines.count == 1 {
            return Array(repeating: request.engines[0], count: max(0, request.nodes ?? 3))
        }
        guard request.nodes == nil || request.nodes == request.engines.count else {
            throw Failure(
                message:
                    "\(request.engines.count) engines for \(request.nodes ?? 0) nodes: name one for each, or one"
            )
        }
        return request.engines
    }

    private static func yaml(
        _ node: Node, _ members: [String], joins: Bool, _ request: Request
    ) -> String {
        """
        # Written by `kvnode dev` at every start.
        node:
          name: \(YAMLText.quote(node.name))
          data_directory: \(YAMLText.quote(node.directory + "/data"))
        cluster:
          name: "dev"
          members: [\(members.map(YAMLText.quote).joined(separator: ", "))]
          join: \(joins)
          replication: \(request.replication)
        engine:
          type: \(YAMLText.quote(node.engine))
          durability: \(YAMLText.quote(request.durability))
        grpc:
          listen: \(YAMLText.quote(node.grpc.description))
        peer:
          listen: \(YAMLText.quote(node.peer.description))
        http:
          listen: \(YAMLText.quote(node.http.description))
        resp:
          listen: \(YAMLText.quote(node.resp.description))
        log:
          level: \(YAMLText.quote(request.logLevel))

        """
    }

    /// Keys that the nodes' files set: variables of the shell must not override them.
    private static let ownKeys = [
        "node.name", "node.data_directory", "cluster.name", "cluster.members", "cluster.join",
        "cluster.replication", "engine.type",
        "engine.durability", "grpc.listen", "peer.listen", "http.listen", "resp.listen", "log.level",
        // The nodes have no certificates.
        "peer.tls", "grpc.tls", "http.tls", "resp.tls",
    ]

    /// What the nodes get of the command's own environment: all but what their files set. Their lines come by a pipe and are for
    /// people, unless it says otherwise.
    static func environment(from environment: [String: String]) -> [String: String] {
        let table = SettingTable()
        let own = Set(ownKeys.compactMap { table[$0]?.environmentName } + ["KVNODE_CONFIG"])
        return ["KVNODE_LOG_FORMAT": LogFormat.text.rawValue]
            .merging(environment.filter { !own.contains($0.key) }) { $1 }
    }

    /// The endpoints, and how the newcomers join, for people.
    var table: String {
        let rows = nodes.map { node in
            [
                node.name, node.engine, "\(node.grpc)", "\(node.peer)", "http://\(node.http)",
                "\(node.resp)", node.directory,
            ]
        }
        return TextTable(["node", "engine", "gRPC", "peer gRPC", "HTTP", "RESP", "directory"], rows).text
            + newcomers.map { node in
                "no member yet: kvnode cluster join \(node.entry) --endpoint \(nodes[0].grpc)\n"
            }.joined()
    }
}
