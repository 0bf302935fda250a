import Cluster
import ClusterCore
import Engine
import Testing

@Suite struct FailureTests {
    @Test func oneNodeOfThreeAwayLeavesAQuorum() async throws {
        try await TestCluster.with { cluster in
            cluster.isolate(2)
            _ = try await cluster.nodes[0].put("k", "v")
            #expect(try await cluster.nodes[1].get("k").texts == ["v"])
            await #expect { _ = try await cluster.nodes[0].put("k3", "v", w: 3) } throws: {
                let error = $0 as? RequestError
                return error?.code == .quorumNotReached && error?.replicasAnswered == 2
                    && error?.replicasNeeded == 3
            }
            await #expect { _ = try await cluster.nodes[2].get("k") } throws: {
                ($0 as? RequestError)?.replicasAnswered == 1
            }
        }
    }

    @Test func aReadBringsAStaleReplicaUpToDate() async throws {
        try await TestCluster.with { cluster in
            cluster.isolate(2)
            _ = try await cluster.nodes[0].put("k", "v")
            #expect(try await cluster.nodes[2].replica("b", "k") == nil)
            cluster.rejoin(2)
            // The reads themselves are the event that is waited for: each repairs what it finds stale.
            let isRepaired = try await eventually {
                #expect(try await cluster.nodes[0].get("k").texts == ["v"])
                return try await cluster.nodes[2].replica("b", "k") != nil
            }
            #expect(isRepaired)
            let repaired = try await cluster.nodes[2].replica("b", "k")
            #expect(repaired == (try await cluster.nodes[0].replica("b", "k")))
        }
    }

    @Test func writesOnBothSidesOfAPartitionBecomeSiblings() async throws {
        try await TestCluster.with { cluster in
            cluster.isolate(2)
            _ = try await cluster.nodes[0].put("k", "majority")
            _ = try await cluster.nodes[2].put("k", "minority", w: 1)
            await cluster.nodes[1].watch.wait(forPeers: 1)
            cluster.rejoin(2)
            await cluster.nodes[1].watch.wait(forPeers: 2)
            #expect(Set(try await cluster.nodes[1].get("k", r: 3).texts) == ["majority", "minority"])
        }
    }

    @Test func propertiesReachANodeThatWasAway() async throws {
        try await TestCluster.with { cluster in
            cluster.isolate(2)
            try await cluster.nodes[0].node.setProperties(BucketProperties(n: 3, r: 1, w: 3), ofBucket: "set")
            #expect(cluster.nodes[2].node.properties(ofBucket: "set").w == 2)
            await #expect {
                try await cluster.nodes[2].node.setProperties(
                    BucketProperties(n: 3, r: 1, w: 1), ofBucket: "x")
            } throws: { ($0 as? RequestError)?.code == .quorumNotReached }
            cluster.rejoin(2)
            #expect(await eventually { cluster.nodes[2].node.properties(ofBucket: "set").w == 3 })
        }
    }

    @Test func aDrainingNodeRefuses() async throws {
        try await TestCluster.with { cluster in
            await cluster.nodes[0].node.drain()
            #expect(!cluster.nodes[0].node.isReady)
            await #expect { _ = try await cluster.nodes[0].get("k") } throws: {
                ($0 as? RequestError)?.code == .shuttingDown
            }
        }
    }
}
