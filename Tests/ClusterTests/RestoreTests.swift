import Cluster
import ClusterCore
import Testing

/// Rows of a backup, brought to a cluster.
@Suite struct RestoreTests {
    private func row(_ key: String, _ versions: Versions, bucket: String = "b") -> RestoredRow {
        RestoredRow(bucket: bucket, key: Array(key.utf8), state: VersionsCodec.encode(versions))
    }

    /// Two values of two actors, neither of which has seen the other.
    private var siblings: Versions {
        var versions = Versions()
        for actor: UInt64 in [1, 2] {
            versions.write(
                .value(Array("of \(actor)".utf8), contentType: ""), dot: Dot(actor: actor, counter: 9),
                timestamp: Timestamp(milliseconds: 5), context: CausalContext(), policy: .siblings)
        }
        return versions
    }

    private func restore(
        _ rows: [RestoredRow], _ node: TestCluster.TestNode
    ) async -> Result<Void, RequestError> {
        await withCheckedContinuation { done in node.node.restore(rows) { done.resume(returning: $0) } }
    }

    @Test func allReplicasHaveARowWhenItIsRestored() async throws {
        try await TestCluster.with { cluster in
            let keys = (0..<40).map { "key \($0)" }
            try await self.restore(keys.map { row($0, siblings) }, cluster.nodes[0]).get()
            for node in cluster.nodes {
                for key in keys { #expect(try await node.replica("b", key) == siblings) }
            }
        }
    }

    @Test func siblingsAndTheirContextAreWhatTheyWere() async throws {
        try await TestCluster.with { cluster in
            try await self.restore([row("k", siblings)], cluster.nodes[1]).get()
            let found = try await cluster.nodes[2].get("k", r: 3)
            #expect(Set(found.texts) == ["of 1", "of 2"])
            _ = try await cluster.nodes[0].put("k", "merged", context: found.context)
            for node in cluster.nodes { #expect(try await node.get("k").texts == ["merged"]) }
        }
    }

    @Test func writesAfterwardsHideNothing() async throws {
        try await TestCluster.with { cluster in
            try await self.restore([row("k", siblings)], cluster.nodes[0]).get()
            for (index, node) in cluster.nodes.enumerated() { _ = try await node.put("k", "new \(index)") }
            let found = try await cluster.nodes[0].get("k", r: 3)
            #expect(Set(found.texts) == ["of 1", "of 2", "new 0", "new 1", "new 2"])
        }
    }

    @Test func whatIsThereIsJoined() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.nodes[0].put("k", "there")
            for _ in 0..<2 { try await self.restore([row("k", siblings)], cluster.nodes[0]).get() }
            let found = try await cluster.nodes[1].get("k", r: 3)
            #expect(Set(found.texts) == ["there", "of 1", "of 2"])
        }
    }

    @Test func whatIsNoRowIsRefusedWithAllThatComeWithIt() async throws {
        try await TestCluster.with { cluster in
            let bad = [
                RestoredRow(bucket: "b", key: [1], state: [9, 9]),
                RestoredRow(bucket: "", key: [1], state: []),
                RestoredRow(bucket: "b", key: [], state: []),
            ]
            for one in bad {
                let result = await self.restore([row("k", siblings), one], cluster.nodes[0])
                #expect(throws: RequestError.self) { try result.get() }
            }
            #expect(try await cluster.nodes[0].replica("b", "k") == nil)
            try await self.restore([], cluster.nodes[0]).get()
        }
    }

    @Test func whatIsThereIsKnownBeItDeleted() async throws {
        try await TestCluster.with { cluster in
            let put = try await cluster.nodes[0].put("k", "there")
            _ = try await cluster.nodes[0].put("k", nil, context: put.context)
            let held = await withCheckedContinuation { done in
                cluster.nodes[1].node.heldBuckets(["a", "b", ""]) { done.resume(returning: $0) }
            }
            #expect(try held.get() == ["b"])
        }
    }

    @Test func aReplicaThatIsAwayIsTold() async throws {
        try await TestCluster.with { cluster in
            cluster.isolate(2)
            let result = await self.restore([row("k", siblings)], cluster.nodes[0])
            let error = #expect(throws: RequestError.self) { try result.get() }
            #expect(error?.code == .quorumNotReached)
        }
    }
}
