import Cluster
import ClusterCore
import Testing

@Suite struct KeyValueTests {
    @Test func aValuePutAtOneNodeIsReadAtEveryOther() async throws {
        try await TestCluster.with { cluster in
            for (index, node) in cluster.nodes.enumerated() {
                _ = try await node.put("k\(index)", "v\(index)")
            }
            for node in cluster.nodes {
                for index in cluster.nodes.indices {
                    #expect(try await node.get("k\(index)").texts == ["v\(index)"])
                }
            }
        }
    }

    @Test func concurrentPutsAreSiblingsUntilAPutWithTheirContext() async throws {
        try await TestCluster.with { cluster in
            let nodes = cluster.nodes
            let first = try await nodes[0].put("k", "old")
            _ = try await nodes[1].put("k", "a", context: first.context)
            _ = try await nodes[2].put("k", "b", context: first.context)
            for node in nodes { #expect(Set(try await node.get("k", r: 3).texts) == ["a", "b"]) }
            let both = try await nodes[0].get("k", r: 3)
            _ = try await nodes[1].put("k", "merged", context: both.context)
            for node in nodes { #expect(try await node.get("k").texts == ["merged"]) }
        }
    }

    @Test func aPutWithoutContextOverwritesNothing() async throws {
        try await TestCluster.with { cluster in
            for value in ["a", "b", "c"] { _ = try await cluster.nodes[0].put("k", value) }
            #expect(try await cluster.nodes[1].get("k").texts == ["a", "b", "c"])
        }
    }

    @Test func aPutsContextCoversNothingThatItsClientHasNotSeen() async throws {
        try await TestCluster.with { cluster in
            let key = "k"
            // Both through one coordinator, whose counters are one sequence.
            _ = try await cluster.nodes[0].put(key, "x", returnSiblings: false)
            let blind = try await cluster.nodes[0].put(key, "y", returnSiblings: false)
            _ = try await cluster.nodes[0].put(key, "z", context: blind.context, returnSiblings: false)
            #expect(try await cluster.nodes[1].get(key).texts.contains("x"))

            // Through two: what the client wrote itself is replaced, what it never saw stays.
            _ = try await cluster.nodes[0].put("l", "x", returnSiblings: false)
            let other = try await cluster.nodes[1].put("l", "y", returnSiblings: false)
            _ = try await cluster.nodes[1].put("l", "z", context: other.context, returnSiblings: false)
            #expect(Set(try await cluster.nodes[2].get("l", r: 3).texts) == ["x", "z"])
        }
    }

    @Test func theLastWriterWinsWhereTheBucketSaysSo() async throws {
        try await TestCluster.with { cluster in
            var properties = cluster.nodes[0].node.properties(ofBucket: "lww")
            properties.policy = .lastWriteWins
            try await cluster.nodes[0].node.setProperties(properties, ofBucket: "lww")
            for (index, node) in cluster.nodes.enumerated() {
                #expect(node.node.properties(ofBucket: "lww").policy == .lastWriteWins)
                cluster.clock.advance(seconds: 1)
                _ = try await node.put("k", "v\(index)", bucket: "lww")
            }
            #expect(try await cluster.nodes[0].get("k", bucket: "lww").texts == ["v2"])
        }
    }

    @Test func aDeletedKeyIsAbsentAndKeepsItsContext() async throws {
        try await TestCluster.with { cluster in
            let written = try await cluster.nodes[0].put("k", "v")
            _ = try await cluster.nodes[1].put("k", nil, context: written.context)
            let reading = try await cluster.nodes[2].get("k")
            #expect(reading.siblings.isEmpty)
            #expect(!reading.context.isEmpty)
            #expect(try await cluster.nodes[2].get("never").context.isEmpty)
        }
    }

    @Test func aValueExpiresWhenItsTimeHasPassed() async throws {
        try await TestCluster.with { cluster in
            _ = try await cluster.nodes[0].put("k", "v", ttl: 10)
            cluster.clock.advance(seconds: 9)
            #expect(try await cluster.nodes[1].get("k").texts == ["v"])
            cluster.clock.advance(seconds: 1)
            #expect(try await cluster.nodes[1].get("k").texts == [])
        }
    }

    @Test func conditionsHoldOrNothingIsWritten() async throws {
        try await TestCluster.with { cluster in
            let node = cluster.nodes[0]
            let written = try await node.put("k", "a", condition: .ifAbsent)
            await #expect { _ = try await cluster.nodes[1].put("k", "b", condition: .ifAbsent) } throws: {
                ($0 as? RequestError)?.code == .preconditionFailed
            }
            let next = try await node.put("k", "b", condition: .ifMatch(written.context))
            await #expect { _ = try await node.put("k", "c", condition: .ifMatch(written.context)) } throws: {
                ($0 as? RequestError)?.code == .preconditionFailed
            }
            #expect(next.texts == ["b"])
            #expect(try await cluster.nodes[2].get("k").texts == ["b"])
        }
    }

    @Test func nodesThatHoldNoReplicaForward() async throws {
        try await TestCluster.with(nodes: 5) { cluster in
            for index in 0..<50 {
                _ = try await cluster.nodes[index % 5].put("k\(index)", "v\(index)")
                #expect(try await cluster.nodes[(index + 1) % 5].get("k\(index)").texts == ["v\(index)"])
            }
        }
    }

    @Test func aListingHasEveryLiveKeyOnce() async throws {
        try await TestCluster.with(nodes: 5) { cluster in
            for index in 0..<100 { _ = try await cluster.nodes[index % 5].put("key\(index)", "v") }
            _ = try await cluster.nodes[0].put("other", "v")
            let written = try await cluster.nodes[0].get("key7")
            _ = try await cluster.nodes[0].put("key7", nil, context: written.context)

            var keys: [String] = []
            var cursor: [UInt8]? = []
            while let from = cursor {
                let page = try await cluster.nodes[1].list(prefix: "key", limit: 9, cursor: from)
                #expect(page.keys.count <= 9)
                keys += page.keys.map { String(decoding: $0, as: UTF8.self) }
                cursor = page.cursor
            }
            #expect(keys.count == Set(keys).count)
            #expect(Set(keys) == Set((0..<100).map { "key\($0)" }).subtracting(["key7"]))
        }
    }

    @Test(arguments: [
        GetRequest(bucket: "", key: [1]), GetRequest(bucket: String(repeating: "b", count: 29), key: [1]),
        GetRequest(bucket: "b", key: []), GetRequest(bucket: "b", key: Array(repeating: 1, count: 481)),
        GetRequest(bucket: "b", key: [1], quorum: QuorumOverrides(r: 4)),
        GetRequest(bucket: "b", key: [1], quorum: QuorumOverrides(r: 0)),
        GetRequest(bucket: "b", key: [1], quorum: QuorumOverrides(n: 1, r: 2)),
        GetRequest(bucket: "b", key: [1], timeoutMillis: -1),
        GetRequest(bucket: "b", key: [1], timeoutMillis: .max),
    ])
    func badRequestsAreRefused(_ request: GetRequest) async throws {
        try await TestCluster.with { cluster in
            guard case .failed(let error) = await cluster.nodes[0].serve(.get(request)) else {
                Issue.record("\(request) was served")
                return
            }
            #expect(error.code == .invalidArgument)
        }
    }

    @Test func contextsOfOtherKeysAreRefused() async throws {
        try await TestCluster.with { cluster in
            let other = try await cluster.nodes[0].put("other", "v")
            for context in [other.context, [1, 2, 3]] {
                await #expect { _ = try await cluster.nodes[0].put("k", "v", context: context) } throws: {
                    ($0 as? RequestError)?.code == .invalidArgument
                }
            }
        }
    }

    @Test func aFullShardRefuses() async throws {
        try await TestCluster.with {
            $0.maxInFlightPerLoop = 1
        } _: { cluster in
            cluster.isolate(1)
            let key = Array("k".utf8)
            let slow = GetRequest(bucket: "b", key: key, quorum: QuorumOverrides(r: 3))
            let outcomes = await withTaskGroup(of: Response.self) { tasks in
                for _ in 0..<64 { tasks.addTask { await cluster.nodes[0].serve(.get(slow)) } }
                return await tasks.reduce(into: []) { $0.append($1) }
            }
            // With node 1 gone none can succeed; whichever met the one under way were refused for it.
            for outcome in outcomes {
                guard case .failed(let error) = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
                #expect([.overloaded, .quorumNotReached].contains(error.code))
            }
        }
    }
}
