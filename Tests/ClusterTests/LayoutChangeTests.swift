import ClusterCore
import NIOCore
import Synchronization
import Testing

@testable import Cluster

/// That a node says it has adopted a layout when nothing of its goes by the one before any more.
@Suite struct LayoutChangeTests {
    /// Never ends by itself.
    private final class Pending: Operation {
        func start() {}
        func received(_ reply: PeerReply, from node: NodeID) {}
        func failed(_ node: NodeID, _ error: ReplicaError) {}
        func timerFired(_ now: NIODeadline) {}
    }

    private func commitLeave(of leaving: NodeID, at node: TestCluster.TestNode) async throws {
        let result = await withCheckedContinuation { done in
            node.node.changeLayouts {
                (history, selfID) throws(LayoutChangeError) in
                try history.stage(.leave(leaving), by: selfID)
                _ = try history.commit(by: selfID, expecting: history.current.version)
            } _: { (result: Result<Void, LayoutFailure>) in
                done.resume(returning: result)
            }
        }
        try result.get()
    }

    /// Returns when the history at `node` is so, or false if that does not come about.
    private func history(
        at node: TestCluster.TestNode, is isWanted: (LayoutHistory) -> Bool
    ) async -> Bool {
        await eventually { isWanted(node.node.layouts) }
    }

    /// The committing node's own confirmation would be with its history from the beginning of the stage, if it waited for
    /// nothing.
    private func expectAdoption(of cluster: TestCluster, after end: () -> Void) async throws {
        let node = cluster.nodes[0]
        let version = node.node.layouts.current.version
        try await commitLeave(of: cluster.nodes[3].id, at: node)
        #expect(await history(at: node) { $0.stage == .adopting && $0.awaited == [node.id] })
        end()
        #expect(await history(at: node) { $0.stage == .stable && $0.current.version == version + 1 })
    }

    @Test func aNodeAdoptsAfterThePeersRequestsThatItAccepted() async throws {
        try await TestCluster.with(nodes: 4) { cluster in
            var underWay = [cluster.nodes[0].node.gate.enter()]
            try await expectAdoption(of: cluster) { underWay.removeAll() }
        }
    }

    @Test func aNodeAdoptsAfterTheOperationsThatItCoordinates() async throws {
        try await TestCluster.with(nodes: 4) { cluster in
            let shard = try #require(cluster.nodes[0].node.shards.last)
            let operation = Mutex<UInt64?>(nil)
            try await shard.loop.submit {
                shard.begin(timeout: .minutes(1)) { id in
                    operation.withLock { $0 = id }
                    return Pending()
                }
            }.get()
            let id = try #require(operation.withLock { $0 })
            try await expectAdoption(of: cluster) { shard.perform { shard.end(id) } }
        }
    }
}
