import ClusterCore
import Synchronization

/// A node that clients can turn to.
public struct ServingNode: Equatable, Sendable {
    public var id: NodeID
    public var name: String
    /// A name or an address, that by which the other nodes reach it; an IPv6 address is without brackets.
    public var host: String
    public var respPort: Int
    /// Whether it is the one that tells.
    public var isSelf: Bool

    public init(id: NodeID, name: String, host: String, respPort: Int, isSelf: Bool) {
        self.id = id
        self.name = name
        self.host = host
        self.respPort = respPort
        self.isSelf = isSelf
    }
}

extension ClusterNode {
    public var partitionCount: Int { gate.view.layout.readable.partitionCount }

    public var servingNodes: [ServingNode] {
        let ports = connectedPeers.withLock { $0.mapValues(\.respPort) }
        return gate.view.layout.readable.members.compactMap { member in
            let isSelf = member.id == selfID
            guard let port = isSelf ? configuration.respPort : ports[member.id], port > 0 else { return nil }
            return ServingNode(
                id: member.id, name: member.name, host: Self.host(of: member.address), respPort: Int(port),
                isSelf: isSelf)
        }.sorted { $0.name < $1.name }
    }

    /// - Parameter address: `host:port`.
    private static func host(of address: String) -> String {
        let host = address.lastIndex(of: ":").map { address[..<$0] } ?? address[...]
        return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
    }
}
