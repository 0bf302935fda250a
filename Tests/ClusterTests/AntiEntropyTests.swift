import ClusterCore
import Engine
import Logging
import NIOCore
import Testing

@testable import Cluster

@Suite struct AntiEntropyTests {
    /// Replicas that are not told what they missed, and that nobody reads: only comparing them is left.
    @Test func replicasComeToAgreeWithoutAReadOrAHint() async throws {
        try await TestCluster.with { configuration in
            configuration.handoff.limits.maxCountPerTarget = 0
            configuration.antiEntropy.schedule.interval = 50
            configuration.antiEntropy.schedule.returnPause = 10
            configuration.antiEntropy.schedule.retryPause = 10
            configuration.antiEntropy.comparison.confirmPause = 10
        } _: { cluster in
            cluster.isolate(2)
            for number in 0..<50 { _ = try await cluster.nodes[number % 2].put("k\(number)", "majority") }
            _ = try await cluster.nodes[2].put("k7", "minority", w: 1)
            cluster.rejoin(2)
            for number in 0..<50 {
                let key = "k\(number)"
                // The comparisons go on by themselves; this only looks.
                var states: [Versions?] = []
                let areSame = try await eventually {
                    states = []
                    for node in cluster.nodes { states.append(try await node.replica("b", key)) }
                    return states.allSatisfy { $0 != nil && $0 == states[0] }
                }
                #expect(areSame, "\(key)")
                #expect(states[0]?.siblings.count == (number == 7 ? 2 : 1))
            }
            let totals = cluster.nodes.flatMap(\.node.antiEntropyStatus.comparisons.peers).map(\.totals)
            #expect(totals.reduce(0) { $0 + $1.repairedHere + $1.repairedThere } >= 50)
        }
    }

    private static let configuration = try! ClusterConfiguration(
        clusterName: "c", nodeName: "a",
        layout: .initial(members: [Member(name: "a", address: "")], partitionCount: 4, replicationFactor: 1),
        bucketDefaults: BucketProperties(n: 1, r: 1, w: 1))
    private static let environment = Environment(bootID: "1", dataID: "1", wallMillis: { 1_795_000_000_000 })

    private func begin(_ executor: EngineExecutor) async throws -> (NodeState, HashTreeStore, Replica) {
        let state = try await executor.maintain { engine in
            Result {
                try NodeState.begin(
                    engine, configuration: Self.configuration, environment: Self.environment)
            }
        }.get()
        let trees = HashTreeStore(
            state.trees, partitionCount: 4, held: [0, 1, 2, 3],
            sizes: BucketSizeTable(state.buckets, defaults: Self.configuration.bucketDefaults))
        let replica = Replica(
            executor: executor,
            issuer: DotIssuer(
                state: state, environment: Self.environment, maxClockDriftMillis: 1000,
                watch: ClockWatch(.unread)),
            hints: HintStore(state.hints, clock: HintClock(wallMillis: 0) { .zero }), trees: trees,
            clocks: ClockStore(
                [:], actor: state.actor, committed: 0, places: [:],
                sizes: BucketSizeTable(state.buckets, defaults: Self.configuration.bucketDefaults), token: 1),
            rules: .init(durability: .buffered, maxStateSize: 1 << 20, watch: EngineWatch()))
        return (state, trees, replica)
    }

    private func write(_ keys: Range<UInt8>, to replica: Replica) async {
        let entries = keys.map { key in
            ReplicaWriteJob.Entry(
                id: 0, key: StorageKey(bucket: "b", key: [key], partitionCount: 4),
                mutation: .write(
                    ClientWrite(
                        content: .value([key], contentType: ""), context: CausalContext(), expiry: .never,
                        properties: BucketProperties())),
                policy: .lastWriteWins)
        }
        await withCheckedContinuation { done in replica.write(entries) { _, _ in done.resume() } }
    }

    private func build(_ trees: HashTreeStore, _ executor: EngineExecutor) async throws {
        while try await executor.maintain({ (engine) throws(EngineError) in
            try !trees.build(engine, maxBytes: 100).isComplete
        }) {}
    }

    private func roots(_ trees: HashTreeStore, depth: Int = 0) -> [UInt64?] {
        trees.roots((0..<4).map { TreeRef(partition: $0, depth: depth) })
    }

    @Test func treesThatAreBuiltWhileWritesGoOnAreThoseOfAScan() async throws {
        try await withTemporaryExecutor { executor in
            let (_, trees, replica) = try await begin(executor)
            await write(0..<100, to: replica)
            async let building: Void = build(trees, executor)
            for first in stride(from: UInt8(50), to: 200, by: 10) {
                await write(first..<first + 20, to: replica)
            }
            try await building
            await write(0..<30, to: replica)
            let (_, fresh, _) = try await begin(executor)
            try await build(fresh, executor)
            #expect(roots(trees) == roots(fresh))
        }
    }

    @Test func aCleanStopKeepsTheTreesAndAnyOtherDoesNot() async throws {
        try await withTemporaryExecutor { executor in
            let (_, trees, replica) = try await begin(executor)
            try await build(trees, executor)
            await write(0..<100, to: replica)
            let before = roots(trees)
            try await executor.maintain { (engine) throws(EngineError) in
                try NodeState.end(engine, environment: Self.environment, trees: trees.toStore)
            }
            let (_, restored, _) = try await begin(executor)
            #expect(restored.counts == (4, 4))
            #expect(roots(restored) == before)
            // That run did not end: what it left cannot be told.
            let (_, after, _) = try await begin(executor)
            #expect(after.counts == (4, 0))
        }
    }

    @Test func aFailedCommitKeepsTheTreesFromBeingStored() async throws {
        try await withTemporaryExecutor { executor in
            let (_, trees, _) = try await begin(executor)
            try await build(trees, executor)
            trees.commitFailed()
            #expect(trees.toStore.trees.isEmpty)
        }
    }

    @Test func anotherNumberOfReplicasHasTheTreesBuiltAnew() async throws {
        try await withTemporaryExecutor { executor in
            let (_, trees, replica) = try await begin(executor)
            await write(0..<100, to: replica)
            try await build(trees, executor)
            var table = BucketTable()
            try table.set(
                BucketProperties(n: 2, r: 1, w: 1), of: "b", timestamp: Timestamp(milliseconds: 1),
                node: NodeID(name: "a"))
            let sizes = BucketSizeTable(table, defaults: Self.configuration.bucketDefaults)
            #expect(trees.use(sizes) && !trees.use(sizes))
            #expect(trees.counts == (4, 0))
            #expect(roots(trees) == [nil, nil, nil, nil])
            try await build(trees, executor)
            #expect(roots(trees) == roots(trees, depth: 1))
        }
    }

    @Test func treesThatAreForgottenAreNotTakenUp() async throws {
        try await withTemporaryExecutor { executor in
            let (_, trees, replica) = try await begin(executor)
            try await build(trees, executor)
            await write(0..<10, to: replica)
            try await executor.maintain { (engine) throws(EngineError) in
                try NodeState.end(engine, environment: Self.environment, trees: trees.toStore)
                try StoredTrees.forget(in: engine)
            }
            let (_, after, _) = try await begin(executor)
            #expect(after.counts == (4, 0))
        }
    }

    /// One partition with a damaged key must not keep the others from being compared.
    @Test func aPartitionThatCannotBeReadIsBuiltLast() async throws {
        try await withTemporaryExecutor { executor in
            let (_, trees, replica) = try await begin(executor)
            await write(0..<100, to: replica)
            var batch = WriteBatch()
            batch.put(.data, [0, 0, 1], [1])
            try await executor.write(batch, durability: .buffered)
            let failures = try await executor.maintain { engine in
                var failures = 0
                for _ in 0..<100 {
                    do { _ = try trees.build(engine, maxBytes: 100) } catch { failures += 1 }
                }
                return failures
            }
            #expect(failures > 1)
            #expect(trees.counts == (4, 3))
        }
    }
}
