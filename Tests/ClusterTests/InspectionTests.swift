import Cluster
import ClusterCore
import Testing

/// What an operator sees of a key and of buckets.
@Suite struct InspectionTests {
    private func holdings(
        _ key: String, at node: TestCluster.TestNode, bucket: String = "b"
    ) async throws -> [NodeID: KeyHolding.State] {
        let result: Result<[KeyHolding], RequestError> = await withCheckedContinuation { done in
            node.node.holdings(ofBucket: bucket, key: Array(key.utf8)) { done.resume(returning: $0) }
        }
        let holdings = try result.get()
        #expect(Set(holdings.map(\.node)).count == holdings.count)
        return Dictionary(uniqueKeysWithValues: holdings.map { ($0.node, $0.state) })
    }

    @Test func eachReplicaIsAskedWhatItHolds() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.nodes[0].put("k", "value", w: 3)
            for node in cluster.nodes {
                let held = try await self.holdings("k", at: node)
                #expect(held.count == 3)
                for other in cluster.nodes {
                    let versions = try #require(try await other.replica("b", "k"))
                    #expect(held[other.id] == .present(versions))
                }
            }
            #expect(
                try await self.holdings("never", at: cluster.nodes[1]).values.allSatisfy { $0 == .absent })
        }
    }

    @Test func aDeletedKeyIsToldFromAnAbsentOne() async throws {
        try await TestCluster.with { cluster in
            let written = try await cluster.nodes[0].put("k", "value", w: 3)
            _ = try await cluster.nodes[0].put("k", nil, context: written.context, w: 3)
            for state in try await self.holdings("k", at: cluster.nodes[2]).values {
                guard case .deleted = state else {
                    Issue.record("it is \(state)")
                    continue
                }
            }
        }
    }

    @Test func aReplicaThatIsAwayIsSaidToBe() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.nodes[0].put("k", "value", w: 3)
            cluster.isolate(2)
            let lonely = cluster.nodes[2].id
            // The connection ends when the link does.
            #expect(
                try await eventually {
                    let state = try await self.holdings("k", at: cluster.nodes[0])[lonely]
                    if case .unknown(let error)? = state { return error.code == .unreachable }
                    return false
                })
            let held = try await self.holdings("k", at: cluster.nodes[0])
            #expect(held.count == 3)
            for node in cluster.nodes.prefix(2) {
                guard case .present? = held[node.id] else {
                    Issue.record("\(String(describing: held[node.id]))")
                    continue
                }
            }
        }
    }

    @Test func bucketsWithPropertiesAreKnownByName() async throws {
        try await TestCluster.with { cluster in
            #expect(cluster.nodes[0].node.bucketsWithProperties.isEmpty)
            let properties = BucketProperties(n: 3, r: 1, w: 3)
            try await cluster.nodes[0].node.setProperties(properties, ofBucket: "carts")
            let known = cluster.nodes[0].node.bucketsWithProperties
            #expect(known.map(\.name) == ["carts"] && known[0].properties == properties)
            // As many of the replicas are asked as the bucket has.
            try await cluster.nodes[0].node.setProperties(BucketProperties(n: 1, r: 1, w: 1), ofBucket: "one")
            #expect(try await self.holdings("k", at: cluster.nodes[0], bucket: "one").count == 1)
        }
    }
}
