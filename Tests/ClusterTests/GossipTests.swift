import Cluster
import ClusterCore
import Synchronization
import Testing

@Suite struct GossipTests {
    private static func quick(_ configuration: inout ClusterConfiguration) {
        configuration.gossip.settings.periodMillis = 40
        configuration.gossip.settings.pingTimeoutMillis = 20
        configuration.gossip.settings.gossipMillis = 5
        configuration.gossip.settings.syncMillis = 50
        configuration.gossip.settings.reconnectMillis = 50
        configuration.gossip.engine = "memory"
    }

    @Test func everyNodeComesToKnowAllOthersAndWhoIsAway() async throws {
        try await TestCluster.with(nodes: 4, Self.quick) { cluster in
            let lives = { (of: Int, by: Int) in
                let id = cluster.nodes[of].id
                return cluster.nodes[by].node.gossipMembers.first { $0.id == id }?.liveness
            }
            #expect(
                await eventually {
                    (0..<4).allSatisfy { by in (0..<4).allSatisfy { lives($0, by) == .alive } }
                }
            )
            #expect(cluster.nodes[0].node.gossipMembers.allSatisfy { $0.engine == "memory" })
            cluster.isolate(3)
            #expect(await eventually { (0..<3).allSatisfy { lives(3, $0) == .down } })
            #expect(await eventually { (0..<3).allSatisfy { lives($0, 3) == .down } })
            cluster.rejoin(3)
            #expect(
                await eventually {
                    (0..<4).allSatisfy { by in (0..<4).allSatisfy { lives($0, by) == .alive } }
                }
            )
        }
    }
}
