import ClusterCore
import Engine
import Testing

@testable import Cluster

@Suite struct ReapingTests {
    /// Comparisons and sweeps one after the other, at once.
    private static func hurry(_ configuration: inout ClusterConfiguration) {
        configuration.antiEntropy.schedule.interval = 50
        configuration.antiEntropy.schedule.returnPause = 10
        configuration.antiEntropy.schedule.retryPause = 10
        configuration.antiEntropy.comparison.confirmPause = 10
        configuration.reaping.limits.interval = 20
        configuration.reaping.limits.grace = 0
    }

    private func states(_ key: String, _ cluster: TestCluster) async throws -> [Versions?] {
        var states: [Versions?] = []
        for node in cluster.nodes { states.append(try await node.replica("b", key)) }
        return states
    }

    /// Comparisons and sweeps go on by themselves; this only looks.
    private func areGone(_ key: String, _ cluster: TestCluster) async throws -> Bool {
        try await eventually { try await states(key, cluster).allSatisfy { $0 == nil } }
    }

    private func merge(_ versions: Versions, at key: String, into node: TestCluster.TestNode) async throws {
        let partitions = node.node.configuration.layout.partitionCount
        let entry = ReplicaWriteJob.Entry(
            id: 0, key: StorageKey(bucket: "b", key: Array(key.utf8), partitionCount: partitions),
            mutation: .merge(versions), policy: .siblings)
        let done = await withCheckedContinuation { done in
            node.node.replica.write([entry]) { entries, _ in done.resume(returning: entries) }
        }
        _ = try #require(done[0].outcome).get()
    }

    @Test func whatIsDeletedGoesAndDoesNotComeBack() async throws {
        try await TestCluster.with(Self.hurry) { cluster in
            let node = cluster.nodes[0]
            let first = try await node.put("k", "value", w: 3)
            let old = try #require(try await node.replica("b", "k"))
            _ = try await node.put("k", nil, context: first.context, w: 3)
            #expect(try await areGone("k", cluster))
            // Then comes what was kept for one of them, or was long on its way.
            for node in cluster.nodes { try await merge(old, at: "k", into: node) }
            #expect(try await states("k", cluster) == [nil, nil, nil])
            #expect(try await node.get("k", r: 3).siblings.isEmpty)
            // A new write, by a client that knows of nothing and by one that knows the deleted value.
            _ = try await cluster.nodes[1].put("k", "new", w: 3)
            try await merge(old, at: "k", into: node)
            let found = try await cluster.nodes[2].get("k", r: 3)
            #expect(found.texts == ["new"])
            _ = try await node.put("k", "newer", context: found.context, w: 3)
            #expect(try await cluster.nodes[2].get("k", r: 3).texts == ["newer"])
        }
    }

    @Test func whatHasExpiredGoes() async throws {
        try await TestCluster.with(Self.hurry) { cluster in
            _ = try await cluster.nodes[0].put("k", "value", ttl: 5, w: 3)
            _ = try await cluster.nodes[0].put("other", "value", w: 3)
            cluster.clock.advance(seconds: 6)
            #expect(try await areGone("k", cluster))
            #expect(try await states("other", cluster).allSatisfy { $0?.siblings.count == 1 })
        }
    }

    /// It has the value still, and would bring it back.
    @Test func whatAReplicaMissedStaysUntilItHasIt() async throws {
        try await TestCluster.with(Self.hurry) { cluster in
            let first = try await cluster.nodes[0].put("k", "value", w: 3)
            cluster.isolate(2)
            _ = try await cluster.nodes[0].put("k", nil, context: first.context)
            let sweeps = cluster.nodes.map(\.node.reaperStatus.sweeps)
            #expect(
                await eventually {
                    zip(cluster.nodes.map(\.node.reaperStatus.sweeps), sweeps).allSatisfy { $0 > $1 + 2 }
                })
            #expect(try await states("k", cluster).allSatisfy { $0?.siblings.count == 1 })
            cluster.rejoin(2)
            #expect(try await areGone("k", cluster))
        }
    }
}
