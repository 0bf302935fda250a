import Cluster
import ClusterCore
import Engine
import Foundation
import Testing

@testable import kvnode

/// Changes of the engine between every two that keep data, ended at every step.
@Suite struct EngineMigrationTests {
    struct Pair: CustomTestStringConvertible {
        var from: any EngineFactory.Type
        var to: any EngineFactory.Type

        var testDescription: String { "\(from.name) to \(to.name)" }

        static let engines = EngineRegistry.all.filter { $0.name != "memory" }
        static let all = engines.flatMap { from in
            engines.filter { $0.name != from.name }.map { Pair(from: from, to: $0) }
        }
    }

    /// How far a change comes before its process ends.
    enum End: Int, CaseIterable { case opened, copied, verified, handedOver, named, committed }

    private static let rows = 500

    private static func options(
        _ engine: any EngineFactory.Type, _ given: [String: String] = [:]
    ) throws -> EngineOptions {
        try EngineOptions(engine.options, given: engine.name == "lmdb" ? given : [:])
    }

    private static func configuration() throws -> ClusterConfiguration {
        ClusterConfiguration(
            clusterName: "c", nodeName: "a",
            layout: try .initial(
                members: [Member(name: "a", address: "127.0.0.1:1")], partitionCount: 64, replicationFactor: 3
            ),
            bucketDefaults: BucketProperties(), durability: .synced)
    }

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/kvnode-migrate-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func open(_ path: String, _ engine: any EngineFactory.Type) throws -> any StorageEngine {
        let directory = try DataDirectory(path, engine: engine.name)
        return try engine.open(at: directory.enginePath, options: Self.options(engine))
    }

    /// A run of a node on the directory; gives what it was taken for.
    private func run(
        _ path: String, _ engine: any EngineFactory.Type, puts rows: Int = 0
    ) throws -> [UInt8] {
        let open = try open(path, engine)
        let directory = try DataDirectory(existing: path)
        try directory.confirm()
        _ = try NodeState.begin(
            open, configuration: Self.configuration(), environment: Host.environment(of: directory))
        let identity = try #require(try open.get(.meta, Array("identity".utf8)))
        var batch = WriteBatch()
        for number in 0..<rows {
            batch.put(
                .data, Array("key \(number)".utf8), [UInt8](repeating: UInt8(number % 251), count: 2000))
        }
        try open.write(batch, durability: .synced)
        #expect(try open.scan(.data, .all).rows.count == Self.rows)
        try open.close()
        return identity
    }

    private func migration(_ path: String, to: any EngineFactory.Type) throws -> EngineMigration {
        try EngineMigration(path, to: to, engines: EngineRegistry.all) { try Self.options($0) }
    }

    /// Runs a change up to `end`, and leaves it there as the death of the process would.
    private func migrate(_ path: String, to: any EngineFactory.Type, upTo end: End = .committed) throws {
        let change = try migration(path, to: to)
        try change.check(against: Self.configuration())
        if end.rawValue >= End.copied.rawValue { try change.copy { _ in } }
        if end.rawValue >= End.verified.rawValue { try change.verify { _ in } }
        if end.rawValue >= End.handedOver.rawValue { #expect(try change.handOver()) }
        // The new ENGINE is written, and not renamed yet.
        if end == .named { try Data(change.goal.text.utf8).write(to: URL(filePath: path + "/ENGINE.new")) }
        if end == .committed { try change.commit() }
        try change.close()
    }

    private func kind(_ body: () throws -> Void) -> EngineChangeError.Kind? {
        do {
            try body()
            return nil
        } catch {
            return (error as? EngineChangeError)?.kind
        }
    }

    @Test(arguments: Pair.all)
    func theNodeGoesOnAsItWas(_ pair: Pair) throws {
        try withDirectory { path in
            let before = try run(path, pair.from, puts: Self.rows)
            try migrate(path, to: pair.to)
            #expect(throws: ServeError.self) { try DataDirectory(path, engine: pair.from.name) }
            #expect(try run(path, pair.to) == before)
            // And back, with what was kept still there.
            try migrate(path, to: pair.from)
            #expect(try run(path, pair.from) == before)
            let names = Set(try FileManager.default.contentsOfDirectory(atPath: path))
            #expect(names == ["ENGINE", "engine", "engine-2", "engine-3", "engine-3.place"])
        }
    }

    @Test(arguments: Pair.all, End.allCases)
    func aChangeThatEndsAnywhereLeavesOneWholeEngine(_ pair: Pair, _ end: End) throws {
        try withDirectory { path in
            let before = try run(path, pair.from, puts: Self.rows)
            try migrate(path, to: pair.to, upTo: end)
            let present = end == .committed ? pair.to : pair.from
            #expect(try run(path, present) == before)
            if end == .committed {
                #expect(kind { try migrate(path, to: pair.to) } == .nothingToDo)
            } else {
                try migrate(path, to: pair.to)
            }
            #expect(try run(path, pair.to) == before)
            let names = Set(try FileManager.default.contentsOfDirectory(atPath: path))
            #expect(names == ["ENGINE", "engine", "engine-2", "engine-2.place"])
        }
    }

    /// A copy of the directory from before the change, and one from after it.
    @Test(arguments: Pair.all)
    func aCopyOfTheDirectoryIsNotTheNode(_ pair: Pair) throws {
        try withDirectory { path in
            defer {
                for copy in ["-old", "-new"] { try? FileManager.default.removeItem(atPath: path + copy) }
            }
            let before = try run(path, pair.from, puts: Self.rows)
            try FileManager.default.copyItem(atPath: path, toPath: path + "-old")
            try migrate(path, to: pair.to)
            try FileManager.default.copyItem(atPath: path, toPath: path + "-new")
            #expect(try run(path + "-old", pair.from) != before)
            #expect(try run(path + "-new", pair.to) != before)
            #expect(try run(path, pair.to) == before)
        }
    }

    @Test(arguments: Pair.all)
    func aCopyIsNotMadeTheNodeByAChange(_ pair: Pair) throws {
        try withDirectory { path in
            defer { try? FileManager.default.removeItem(atPath: path + "-old") }
            let before = try run(path, pair.from, puts: Self.rows)
            try FileManager.default.copyItem(atPath: path, toPath: path + "-old")
            let change = try migration(path + "-old", to: pair.to)
            try change.copy { _ in }
            try change.verify { _ in }
            #expect(try !change.handOver())
            try change.commit()
            try change.close()
            #expect(try run(path + "-old", pair.to) != before)
        }
    }

    /// Files that were kept, named in ENGINE by hand.
    @Test(arguments: Pair.all)
    func whatIsKeptIsNotTheNode(_ pair: Pair) throws {
        try withDirectory { path in
            let before = try run(path, pair.from, puts: Self.rows)
            try migrate(path, to: pair.to)
            try migrate(path, to: pair.from)
            let marker = URL(filePath: path + "/ENGINE")
            for folder in ["engine", "engine-2"] {
                let engine = folder == "engine" ? pair.from : pair.to
                try Data(DataMarker(engine: engine.name, folder: folder).text.utf8).write(to: marker)
                if folder == "engine-2" {
                    #expect(throws: ServeError.self) { try run(path, engine) }
                    try Data().write(to: URL(filePath: path + "/engine-2.place"))
                }
                #expect(try run(path, engine) != before)
            }
        }
    }

    @Test(arguments: Pair.all.filter { $0.from.name != "lmdb" })
    func lostWritesAreNotForgotten(_ pair: Pair) throws {
        try withDirectory { path in
            let before = try run(path, pair.from, puts: Self.rows)
            try Data().write(to: URL(filePath: path + "/engine/LOST_WRITES"))
            let change = try migration(path, to: pair.to)
            try change.copy { _ in }
            try change.verify { _ in }
            #expect(try !change.handOver())
            try change.commit()
            try change.close()
            #expect(try run(path, pair.to) != before)
        }
    }

    @Test(arguments: Pair.all)
    func aDamagedCopyIsFoundAndRemoved(_ pair: Pair) throws {
        try withDirectory { path in
            let before = try run(path, pair.from, puts: Self.rows)
            let change = try migration(path, to: pair.to)
            try change.copy { _ in }
            let copy = try pair.to.open(at: path + "/engine-2", options: Self.options(pair.to))
            var batch = WriteBatch()
            batch.put(.data, Array("key 77".utf8), [1])
            try copy.write(batch, durability: .buffered)
            try copy.close()
            let error = #expect(throws: EngineCopyError.self) { try change.verify { _ in } }
            #expect(error?.step == .verifying && error?.keyspace == .data)
            try change.abandon()
            #expect(Set(try FileManager.default.contentsOfDirectory(atPath: path)) == ["ENGINE", "engine"])
            #expect(try run(path, pair.from) == before)
        }
    }

    @Test(arguments: Pair.all.filter { $0.to.name == "lmdb" })
    func aFullEngineIsSaidAndLeavesNothing(_ pair: Pair) throws {
        try withDirectory { path in
            let before = try run(path, pair.from, puts: Self.rows)
            let change = try EngineMigration(path, to: pair.to, engines: EngineRegistry.all) {
                try Self.options($0, ["map_size_bytes": "1048576"])
            }
            let error = #expect(throws: EngineCopyError.self) { try change.copy { _ in } }
            #expect(error?.error.code == .noSpace)
            let told = EngineChangeError(try #require(error), to: pair.to.name, in: path)
            #expect(told.kind == .noSpace && told.description.contains("engine.lmdb"))
            try change.abandon()
            #expect(Set(try FileManager.default.contentsOfDirectory(atPath: path)) == ["ENGINE", "engine"])
            #expect(try run(path, pair.from) == before)
        }
    }

    @Test(arguments: Pair.all)
    func whatCannotBeChangedIsRefusedUnharmed(_ pair: Pair) throws {
        try withDirectory { path in
            #expect(throws: ServeError.self) { try migration(path, to: pair.to) }
            #expect(!FileManager.default.fileExists(atPath: path))
            let before = try run(path, pair.from, puts: Self.rows)
            #expect(kind { _ = try migration(path, to: pair.from) } == .nothingToDo)
            // This build has the new engine alone.
            let lacking = #expect(throws: EngineChangeError.self) {
                try EngineMigration(path, to: pair.to, engines: [pair.to]) { try Self.options($0) }
            }
            #expect(lacking?.description.contains("holds data of the engine \(pair.from.name)") == true)
            let node = try open(path, pair.from)
            #expect(kind { _ = try migration(path, to: pair.to) } == .inUse)
            try node.close()
            let first = try migration(path, to: pair.to)
            #expect(kind { _ = try migration(path, to: pair.to) } == .inUse)
            #expect(kind { _ = try EngineMigration.removeOld(in: path) } == .inUse)
            try first.close()
            let memory = try migration(path, to: MemoryEngineFactory.self)
            #expect(kind { try memory.copy { _ in } } == .failed)
            try memory.abandon()
            #expect(Set(try FileManager.default.contentsOfDirectory(atPath: path)) == ["ENGINE", "engine"])
            #expect(try run(path, pair.from) == before)
        }
    }

    /// While the node runs on the new one.
    @Test(arguments: Pair.all)
    func whatIsKeptIsRemovedWhenAsked(_ pair: Pair) throws {
        try withDirectory { path in
            let before = try run(path, pair.from, puts: Self.rows)
            try migrate(path, to: pair.to)
            let node = try open(path, pair.to)
            #expect(try EngineMigration.removeOld(in: path) == [path + "/engine"])
            #expect(try EngineMigration.removeOld(in: path) == [])
            try DataDirectory(existing: path).confirm()
            try node.close()
            let names = Set(try FileManager.default.contentsOfDirectory(atPath: path))
            #expect(names == ["ENGINE", "engine-2", "engine-2.place"])
            #expect(try run(path, pair.to) == before)
        }
    }

    /// A node that read ENGINE just before a change came to its end must not run on the old files.
    @Test(arguments: Pair.all)
    func aStartThatACommitOvertakesIsRefused(_ pair: Pair) throws {
        try withDirectory { path in
            _ = try run(path, pair.from, puts: Self.rows)
            let read = try DataDirectory(path, engine: pair.from.name)
            try migrate(path, to: pair.to)
            #expect(throws: ServeError.self) { try read.confirm() }
        }
    }
}
