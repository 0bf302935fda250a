import GRPCCore
import Messages

/// What a node says of the cluster and of itself.
struct NodeAnswer: Sendable {
    var status: Kvnode_V1_ClusterStatus
    /// Nil of a node that doesn't tell.
    var load: Kvnode_V1_NodeLoad?
}

/// Asks nodes how they are, as often as wanted.
struct NodeSurvey: Sendable {
    typealias Answers = [Result<NodeAnswer, ClientFailure>]

    private var connections: [NodeConnection]

    init(_ nodes: NodesOptions, json: Bool) throws { connections = try nodes.connections(json: json) }

    /// All at once; the answers are in the order of the nodes.
    mutating func ask() async throws -> Answers {
        let answers = try await withThrowingTaskGroup(of: (Int, Answers.Element).self) { group in
            for (place, connection) in connections.enumerated() {
                group.addTask { (place, try await Self.ask(connection)) }
            }
            return try await group.reduce(into: [Int: Answers.Element]()) { $0[$1.0] = $1.1 }
        }
        // What there is to say of certificates is said once.
        for place in connections.indices { connections[place].warns = false }
        return connections.indices.compactMap { answers[$0] }
    }

    private static func ask(_ connection: NodeConnection) async throws -> Answers.Element {
        do {
            return .success(
                try await connection.attempt { client, call in
                    let cluster = ClusterOptions.Client(wrapping: client)
                    let node = ClusterOptions.NodeClient(wrapping: client)
                    async let load = Self.load(node, call)
                    let status = try await cluster.status(.init(), options: call)
                    return NodeAnswer(status: status, load: try await load)
                })
        } catch let failure as ClientFailure {
            return .failure(failure)
        }
    }

    /// Nil of a node whose version has no such method.
    private static func load(
        _ node: ClusterOptions.NodeClient, _ call: CallOptions
    ) async throws -> Kvnode_V1_NodeLoad? {
        do {
            return try await node.getLoad(.init(), options: call)
        } catch let error as RPCError where error.code == .unimplemented {
            return nil
        }
    }
}
