import ClusterCore
import Engine
import Logging
import NIOCore
import Testing

@testable import Cluster

/// Which actor a node runs under after each way in which a run can end.
@Suite struct NodeStateTests {
    private static func configuration(
        cluster: String = "c", node: String = "a", partitions: Int = 64, durability: Durability = .buffered
    ) throws -> ClusterConfiguration {
        let members = ["a", "b", "c"].map { Member(name: $0, address: "127.0.0.1:1") }
        return ClusterConfiguration(
            clusterName: cluster, nodeName: node,
            layout: try .initial(members: members, partitionCount: partitions, replicationFactor: 3),
            bucketDefaults: BucketProperties(), durability: durability)
    }

    private static func environment(boot: String, data: String = "inode 1") -> Environment {
        Environment(bootID: boot, dataID: data, wallMillis: { 1_795_000_000_000 })
    }

    private static func replica(
        _ executor: EngineExecutor, _ issuer: DotIssuer, _ state: NodeState
    ) -> Replica {
        let sizes = BucketSizeTable(BucketTable(), defaults: BucketProperties())
        return Replica(
            executor: executor, issuer: issuer,
            hints: HintStore(state.hints, clock: HintClock(wallMillis: 0) { .zero }),
            trees: HashTreeStore([], partitionCount: 64, held: [], sizes: sizes),
            clocks: ClockStore(
                state.clocks, actor: state.actor, committed: 0, places: [:], sizes: sizes, token: 1),
            rules: .init(durability: .buffered, maxStateSize: 1 << 20, watch: EngineWatch()))
    }

    private func begin(
        _ executor: EngineExecutor, boot: String = "1", durability: Durability = .buffered
    ) async throws -> NodeState {
        try await begin(
            executor, try Self.configuration(durability: durability), Self.environment(boot: boot))
    }

    private func begin(
        _ executor: EngineExecutor, _ configuration: ClusterConfiguration, _ environment: Environment
    ) async throws -> NodeState {
        let state = try await executor.maintain { engine in
            Result { try NodeState.begin(engine, configuration: configuration, environment: environment) }
        }
        return try state.get()
    }

    private func end(_ executor: EngineExecutor) async throws {
        try await executor.maintain { (engine) throws(EngineError) in
            try NodeState.end(
                engine, environment: Self.environment(boot: "1"),
                trees: StoredTrees(
                    [], countedBy: BucketSizeTable(BucketTable(), defaults: BucketProperties())))
        }
    }

    @Test func aCrashOfTheProcessKeepsTheActor() async throws {
        try await withTemporaryExecutor { executor in
            let first = try await begin(executor)
            #expect(try await begin(executor).actor == first.actor)
        }
    }

    @Test func aCrashOfTheMachineTakesANewActorIfCommitsWereOnlyBuffered() async throws {
        try await withTemporaryExecutor { executor in
            let first = try await begin(executor)
            #expect(try await begin(executor, boot: "2").actor != first.actor)
        }
    }

    @Test func aCrashOfTheMachineKeepsTheActorIfCommitsWereSynced() async throws {
        try await withTemporaryExecutor { executor in
            let first = try await begin(executor, durability: .synced)
            #expect(try await begin(executor, boot: "2").actor == first.actor)
        }
    }

    @Test func aCleanStopKeepsTheActor() async throws {
        try await withTemporaryExecutor { executor in
            let first = try await begin(executor)
            try await end(executor)
            #expect(try await begin(executor, boot: "2").actor == first.actor)
        }
    }

    @Test func aCopyOfTheDataIsANewActorHoweverItWasStopped() async throws {
        try await withTemporaryExecutor { executor in
            let first = try await begin(executor, durability: .synced)
            try await end(executor)
            let copy = try await begin(
                executor, try Self.configuration(), Self.environment(boot: "1", data: "inode 2"))
            #expect(copy.actor != first.actor)
        }
    }

    @Test func anEmptyDirectoryIsANewActor() async throws {
        try await withTemporaryExecutor { first in
            let actor = try await begin(first).actor
            let other = try await withTemporaryExecutor { try await begin($0).actor }
            #expect(other != actor)
        }
    }

    @Test func dataOfAnotherNodeClusterOrLayoutIsRefused() async throws {
        let others = [
            try Self.configuration(cluster: "d"), try Self.configuration(node: "b"),
            try Self.configuration(partitions: 128),
        ]
        try await withTemporaryExecutor { executor in
            _ = try await begin(executor)
            for other in others {
                await #expect(throws: StartError.self) {
                    _ = try await begin(executor, other, Self.environment(boot: "1"))
                }
            }
        }
    }

    /// Runs one write after another, with a new issuer after each as after a crash, and looks at the dots.
    @Test func noDotIsIssuedTwice() async throws {
        try await withTemporaryExecutor { executor in
            let key = StorageKey(bucket: "b", key: [1], partitionCount: 64)
            var dots: Set<Dot> = []
            for _ in 0..<20 {
                let state = try await begin(executor)
                let issuer = DotIssuer(
                    state: state, environment: Self.environment(boot: "1"), maxClockDriftMillis: 1000,
                    watch: ClockWatch(.unread))
                let replica = Self.replica(executor, issuer, state)
                for _ in 0..<5 {
                    let write = ClientWrite(
                        content: .value([1], contentType: ""), context: CausalContext(), expiry: .never,
                        properties: BucketProperties())
                    let entry = ReplicaWriteJob.Entry(
                        id: 0, key: key, mutation: .write(write), policy: .lastWriteWins)
                    let entries = await withCheckedContinuation { done in
                        replica.write([entry]) { entries, _ in done.resume(returning: entries) }
                    }
                    let dot = try #require(try entries[0].outcome?.get().siblings.last?.dot)
                    #expect(dots.insert(dot).inserted)
                    #expect(dot.actor == state.actor)
                }
            }
            #expect(dots.count == 100)
        }
    }

    @Test func aForgedCounterCountsForItsOwnKeyAlone() async throws {
        try await withTemporaryExecutor { executor in
            let state = try await begin(executor)
            let issuer = DotIssuer(
                state: state, environment: Self.environment(boot: "1"), maxClockDriftMillis: 1000,
                watch: ClockWatch(.unread))
            let replica = Self.replica(executor, issuer, state)
            var written: [Dot?] = []
            for (key, forged) in [(UInt8(1), UInt64(1) << 63), (1, 0), (2, 0), (3, .max)] {
                var context = CausalContext()
                if forged > 0 { context.vector.insert(Dot(actor: state.actor, counter: forged)) }
                let write = ClientWrite(
                    content: .value([1], contentType: ""), context: context, expiry: .never,
                    properties: BucketProperties())
                let entry = ReplicaWriteJob.Entry(
                    id: 0, key: StorageKey(bucket: "b", key: [key], partitionCount: 64),
                    mutation: .write(write), policy: .siblings)
                let entries = await withCheckedContinuation { done in
                    replica.write([entry]) { entries, _ in done.resume(returning: entries) }
                }
                written.append(try? entries[0].outcome?.get() == nil ? nil : entries[0].dot)
            }
            let jumped = UInt64(1) << 63
            #expect(written.map { $0?.counter } == [jumped + 1, jumped + 2, 3, nil])
        }
    }
}
