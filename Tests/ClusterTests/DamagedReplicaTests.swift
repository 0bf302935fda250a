import Cluster
import ClusterCore
import Engine
import Testing

/// A replica that cannot read its copy of a key: the others serve it, and nobody takes damage for "nothing there".
@Suite struct DamagedReplicaTests {
    private func damage(_ node: TestCluster.TestNode, _ key: String) async throws {
        let count = node.node.configuration.layout.partitionCount
        let key = StorageKey(bucket: "b", key: Array(key.utf8), partitionCount: count)
        var batch = WriteBatch()
        batch.put(.data, key.bytes, [0xFF, 0, 1])
        try await node.executor.write(batch, durability: .buffered)
    }

    @Test func othersServeWhatItCannotRead() async throws {
        try await TestCluster.with { cluster in
            let node = cluster.nodes[0]
            let stored = try await node.put("k", "first", w: 3)
            #expect(node.node.status.engine.state == .ok)
            try await damage(node, "k")
            #expect(try await node.get("k").texts == ["first"])
            #expect(node.node.status.engine.state == .damaged)
            // Another replica coordinates, with the context that the client has.
            let next = try await node.put("k", "second", context: stored.context)
            #expect(next.texts == ["second"])
            for other in cluster.nodes[1...] { #expect(try await other.get("k").texts == ["second"]) }
            #expect(try await node.get("k").texts == ["second"])
            await #expect { _ = try await cluster.nodes[1].get("k", r: 3) } throws: {
                ($0 as? RequestError)?.replicasAnswered == 2
            }
            await #expect { _ = try await cluster.nodes[1].put("k", "third", w: 3) } throws: {
                let error = $0 as? RequestError
                return error?.replicasAnswered == 2 && error?.message.contains("with corrupt data") == true
            }
        }
    }

    @Test func changesAndConditionsAreCoordinatedByOthers() async throws {
        try await TestCluster.with { cluster in
            let node = cluster.nodes[0]
            _ = try await node.change("count", .add(.integer, Amount(2)), w: 3)
            try await damage(node, "count")
            _ = try await node.change("count", .add(.integer, Amount(3)))
            let total = try await cluster.nodes[1].change("count", .add(.integer, Amount(0)))
            #expect(total == .number(Amount(5)))
            _ = try await node.put("k", "first", w: 3)
            try await damage(node, "k")
            await #expect { _ = try await node.put("k", "no", condition: .ifAbsent) } throws: {
                ($0 as? RequestError)?.code == .preconditionFailed
            }
            try await damage(node, "absent")
            _ = try await node.put("absent", "v", condition: .ifAbsent)
            #expect(try await cluster.nodes[2].get("absent").texts == ["v"])
        }
    }

    @Test func aWriteThatNobodyElseCanTakeFailsAndSaysWhy() async throws {
        try await TestCluster.with { cluster in
            let node = cluster.nodes[0]
            _ = try await node.put("k", "first", w: 3)
            try await damage(node, "k")
            cluster.isolate(0)
            await node.watch.wait(forPeers: 0)
            await #expect { _ = try await node.put("k", "second", w: 1) } throws: {
                let error = $0 as? RequestError
                return error?.code == .internal && error?.message.contains("cannot be decoded") == true
            }
        }
    }

    /// A node that is no replica of the key asks one after the other.
    @Test func aForwardedWriteFindsASoundReplica() async throws {
        try await TestCluster.with(nodes: 4) { cluster in
            let layout = cluster.nodes[0].node.configuration.layout
            let asked = cluster.nodes[3]
            let key = try #require(
                (0..<1000).map { "k\($0)" }.first { text in
                    let key = StorageKey(
                        bucket: "b", key: Array(text.utf8), partitionCount: layout.partitionCount)
                    return !layout.replicas(ofPartition: key.partition).contains(asked.id)
                })
            _ = try await asked.put(key, "first", w: 3)
            for node in cluster.nodes[..<2] { try await damage(node, key) }
            let context = try await asked.get(key, r: 1).context
            #expect(try await asked.put(key, "second", context: context, w: 1).texts == ["second"])
            #expect(try await cluster.nodes[2].replica("b", key)?.siblings.count == 1)
            try await damage(cluster.nodes[2], key)
            await #expect { _ = try await asked.put(key, "third", w: 1) } throws: {
                let error = $0 as? RequestError
                return error?.code == .quorumNotReached
                    && error?.message.contains("3 with corrupt data") == true
            }
        }
    }
}
