import ClusterCore
import Engine
import Foundation
import Testing

@testable import Cluster

/// What a node takes a copy of its data for, in a place that the original handed over to, and elsewhere.
@Suite struct HandOverTests {
    private enum End: CaseIterable { case clean, crashBuffered, crashSynced }

    private static func configuration(
        node: String = "a", durability: Durability = .buffered
    ) throws -> ClusterConfiguration {
        let members = ["a", "b", "c"].map { Member(name: $0, address: "127.0.0.1:1") }
        return ClusterConfiguration(
            clusterName: "c", nodeName: node,
            layout: try .initial(members: members, partitionCount: 64, replicationFactor: 3),
            bucketDefaults: BucketProperties(), durability: durability)
    }

    private static func environment(boot: String, place: String) -> Environment {
        Environment(bootID: boot, dataID: place, wallMillis: { 1_795_000_000_000 })
    }

    private func withEngines(_ body: (any StorageEngine, any StorageEngine) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "kvnode-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let engines = try ["original", "copy"].map {
            try MemoryEngineFactory.open(
                at: directory.appending(path: $0).path, options: EngineOptions(MemoryEngineFactory.options))
        }
        try body(engines[0], engines[1])
        for engine in engines { try engine.close() }
    }

    private func begin(
        _ engine: any StorageEngine, boot: String, place: String, durability: Durability = .buffered
    ) throws -> NodeState {
        try NodeState.begin(
            engine, configuration: Self.configuration(durability: durability),
            environment: Self.environment(boot: boot, place: place))
    }

    /// A run in `place` that ended so; the standing is that of a node that is settled in its cluster.
    private func run(_ engine: any StorageEngine, place: String, _ end: End) throws -> NodeState {
        let state = try begin(
            engine, boot: "1", place: place, durability: end == .crashSynced ? .synced : .buffered)
        var batch = WriteBatch()
        batch.put(.meta, NodeState.Key.standing, Standing.settled(founders: [1, 2, 3]).encoded)
        batch.put(.data, [1, 2, 3], [4])
        try engine.write(batch, durability: .buffered)
        if end == .clean {
            try NodeState.end(
                engine, environment: Self.environment(boot: "1", place: place),
                trees: StoredTrees(
                    [], countedBy: BucketSizeTable(BucketTable(), defaults: BucketProperties())))
        }
        return state
    }

    /// In the same boot and in the next, after each end of a run: the copy is taken for what the original would be.
    @Test func aCopyThatWasHandedOverCountsAsTheOriginal() throws {
        for end in End.allCases {
            for boot in ["1", "2"] {
                try withEngines { original, copy in
                    let before = try run(original, place: "old", end)
                    _ = try EngineCopy(from: original).copy(to: copy)
                    #expect(try NodeState.handOver(from: original, in: "old", to: copy, in: "new"))
                    let after = try begin(copy, boot: boot, place: "new")
                    let alone = try begin(original, boot: boot, place: "old")
                    let keeps = end != .crashBuffered || boot == "1"
                    #expect((alone.actor == before.actor) == keeps, "\(end), boot \(boot)")
                    #expect((after.actor == before.actor) == keeps, "\(end), boot \(boot)")
                    #expect(after.standing.isSettled && alone.standing.isSettled)
                }
            }
        }
    }

    @Test func aCopyThatNobodyHandedOverToIsOne() throws {
        try withEngines { original, copy in
            let before = try run(original, place: "old", .clean)
            _ = try EngineCopy(from: original).copy(to: copy)
            let after = try begin(copy, boot: "1", place: "new")
            #expect(after.actor != before.actor && !after.standing.isSettled)
        }
    }

    /// A copy of the directory, whose node has gone on elsewhere, is not made an original by being copied once more.
    @Test func aCopyHandsNothingOver() throws {
        try withEngines { original, copy in
            let before = try run(original, place: "elsewhere", .clean)
            _ = try EngineCopy(from: original).copy(to: copy)
            #expect(try !NodeState.handOver(from: original, in: "old", to: copy, in: "new"))
            let after = try begin(copy, boot: "1", place: "new")
            #expect(after.actor != before.actor && !after.standing.isSettled)
        }
    }

    /// A copy of what was handed over to is told by its place, as any copy.
    @Test func aCopyOfTheCopyIsOne() throws {
        try withEngines { original, copy in
            let before = try run(original, place: "old", .clean)
            _ = try EngineCopy(from: original).copy(to: copy)
            #expect(try NodeState.handOver(from: original, in: "old", to: copy, in: "new"))
            #expect(try begin(copy, boot: "1", place: "third").actor != before.actor)
        }
    }

    @Test func dataWithoutANodeHandsOverNothingAndIsNewAfterwards() throws {
        try withEngines { original, copy in
            #expect(try NodeState.handOver(from: original, in: "old", to: copy, in: "new"))
            #expect(try copy.scan(.meta, .all).rows.isEmpty)
            guard case .fresh = try begin(copy, boot: "1", place: "new").standing else {
                Issue.record("a node that never ran is not new")
                return
            }
        }
    }

    @Test func dataOfAnotherNodeIsRefused() throws {
        try withEngines { original, copy in
            _ = try run(original, place: "old", .clean)
            try NodeState.check(original, against: Self.configuration())
            try NodeState.check(copy, against: Self.configuration())
            #expect(throws: StartError.self) {
                try NodeState.check(original, against: Self.configuration(node: "b"))
            }
        }
    }
}
