import Cluster
import ClusterCore
import Engine
import Foundation
import Testing

@testable import kvnode

/// Repairs of each engine that keeps data, ended at every step.
@Suite struct EngineRepairTests {
    struct Subject: CustomTestStringConvertible {
        var engine: any EngineFactory.Type
        var testDescription: String { engine.name }

        static let all = EngineRegistry.all.filter { $0.name != "memory" }.map { Subject(engine: $0) }
        /// Those with a manifest.
        static let trees = all.filter { $0.engine.name != "lmdb" }

        var options: EngineOptions {
            get throws { try EngineOptions(engine.options) }
        }
    }

    /// How far a repair comes before its process ends.
    enum End: Int, CaseIterable { case opened, surveyed, copied, verified, disowned, named, committed }

    private static let rows = 600

    private static func configuration(node: String = "a") throws -> ClusterConfiguration {
        let members = ["a", "b", "c"].map { Member(name: $0, address: "127.0.0.1:1") }
        return ClusterConfiguration(
            clusterName: "c", nodeName: node,
            layout: try .initial(members: members, partitionCount: 64, replicationFactor: 3),
            bucketDefaults: BucketProperties(), durability: .synced)
    }

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/kvnode-repair-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func names(_ path: String) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: path))
    }

    // MARK: A node's data

    private static func key(_ number: Int) -> StorageKey {
        StorageKey(bucket: "b", key: Array("key \(number)".utf8), partitionCount: 64)
    }

    /// A thousand bytes that do not compress, and tell the row.
    private static func value(_ number: Int) -> [UInt8] {
        var state = UInt64(number) &* 0x9E37_79B9_7F4A_7C15 | 1
        return (0..<1000).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state >> 32)
        }
    }

    private static func row(_ number: Int) -> [UInt8] {
        var versions = Versions()
        versions.write(
            .value(value(number), contentType: ""), dot: Dot(actor: 7, counter: UInt64(number) + 1),
            timestamp: Timestamp(milliseconds: 1_795_000_000_000), expiresAt: 0, context: CausalContext(),
            policy: .siblings)
        return VersionsCodec.encode(versions)
    }

    /// A run of a node on the directory; gives what it was taken for.
    private func run(_ path: String, _ subject: Subject, puts rows: Int = 0) throws -> [UInt8] {
        let directory = try DataDirectory(path, engine: subject.engine.name)
        let engine = try subject.engine.open(at: directory.enginePath, options: subject.options)
        _ = try NodeState.begin(
            engine, configuration: Self.configuration(), environment: Host.environment(of: directory))
        for first in stride(from: 0, to: rows, by: 100) {
            var batch = WriteBatch()
            for number in first..<first + 100 { batch.put(.data, Self.key(number).bytes, Self.row(number)) }
            try engine.write(batch, durability: .synced)
        }
        // Into tables, where there are any.
        for keyspace in Keyspace.allCases { try engine.compact(keyspace) }
        let identity = try #require(try engine.get(.meta, Array("identity".utf8)))
        try engine.close()
        return identity
    }

    /// The present files' rows of data, each checked, and `meta`.
    private func contents(_ path: String, _ subject: Subject) throws -> (rows: Int, meta: [[UInt8]: [UInt8]])
    {
        let directory = try DataDirectory(existing: path)
        let engine = try subject.engine.open(at: directory.enginePath, options: subject.options)
        let expected = Dictionary(
            uniqueKeysWithValues: (0..<Self.rows).map { (Self.key($0).bytes, Self.row($0)) })
        let data = try engine.scan(.data, .all).rows
        #expect(data.allSatisfy { expected[$0.key] == $0.value })
        let meta = try engine.scan(.meta, .all).rows
        try engine.close()
        return (data.count, Dictionary(uniqueKeysWithValues: meta.map { ($0.key, $0.value) }))
    }

    // MARK: Damage

    /// Flips a bit of the value of one row, wherever it lies: in LMDB's file older states of its page may have it, too.
    private func damage(_ path: String, row number: Int) throws {
        let value = Data(Self.value(number)[400..<440])
        var found = 0
        for name in try names(path + "/engine")
        where name.hasSuffix(".sst") || name.hasSuffix(".ldb") || name == "data.mdb" {
            let file = URL(filePath: path + "/engine/" + name)
            var bytes = try Data(contentsOf: file)
            while let place = bytes.range(of: value) {
                bytes[place.lowerBound] ^= 4
                found += 1
            }
            try bytes.write(to: file)
        }
        #expect(found > 0, "the value lies nowhere")
    }

    // MARK: Repairs

    private func open(_ path: String, _ subject: Subject) throws -> EngineRepair {
        try EngineRepair(path, engines: [subject.engine]) { try EngineOptions($0.options) }
    }

    @discardableResult
    private func repair(
        _ path: String, _ subject: Subject, upTo end: End = .committed, identityKnown: Bool = true
    ) throws -> EngineRepair {
        let repair = try open(path, subject)
        #expect(try repair.check(against: Self.configuration()) == identityKnown)
        if end.rawValue >= End.surveyed.rawValue { try repair.survey { _ in } }
        if end.rawValue >= End.copied.rawValue { try repair.copy { _ in } }
        if end.rawValue >= End.verified.rawValue { try repair.verify { _ in } }
        if end.rawValue >= End.disowned.rawValue { try repair.disown(Self.configuration()) }
        // The new ENGINE is written, and not renamed yet.
        if end == .named { try Data(repair.goal.text.utf8).write(to: URL(filePath: path + "/ENGINE.new")) }
        if end == .committed { try repair.commit() }
        try end == .committed ? repair.end() : repair.close()
        return repair
    }

    private func kind(_ body: () throws -> Void) -> EngineChangeError.Kind? {
        do {
            try body()
            return nil
        } catch {
            return (error as? EngineChangeError)?.kind
        }
    }

    @Test(arguments: Subject.all)
    func whatCanBeReadIsSavedAndVouchesForNothing(_ subject: Subject) throws {
        try withDirectory { path in
            let before = try run(path, subject, puts: Self.rows)
            for number in [100, 500] { try damage(path, row: number) }
            let repair = try repair(path, subject)
            #expect(repair.isDamaged)
            #expect(try names(path) == ["ENGINE", "engine", "engine-2", "engine-2.place"])
            let (rows, meta) = try contents(path, subject)
            #expect(rows < Self.rows && rows > Self.rows - 100, "\(rows)")
            #expect(repair.outcomes[0].kept.rows == rows)
            // It is the node's still, but in doubt, and of no run.
            #expect(meta[Array("identity".utf8)] == before)
            #expect(meta[Array("standing".utf8)] == [1, 1])
            #expect(meta[Array("session".utf8)] == nil)
            #expect(meta.keys.allSatisfy { !$0.starts(with: "clock/".utf8) && !$0.starts(with: "tree".utf8) })
            #expect(try run(path, subject) != before)
        }
    }

    @Test(arguments: Subject.all, End.allCases)
    func aRepairThatEndsAnywhereLeavesOneSetOfFiles(_ subject: Subject, _ end: End) throws {
        try withDirectory { path in
            _ = try run(path, subject, puts: Self.rows)
            try damage(path, row: 300)
            try repair(path, subject, upTo: end)
            let marker = try DataDirectory(existing: path).marker
            #expect(marker.folder == (end == .committed ? "engine-2" : "engine"))
            if end == .committed {
                let again = try open(path, subject)
                try again.survey { _ in }
                #expect(!again.isDamaged)
                try again.end()
            } else {
                try repair(path, subject)
            }
            #expect(try names(path) == ["ENGINE", "engine", "engine-2", "engine-2.place"])
            #expect(try contents(path, subject).rows > Self.rows - 50)
            #expect(try EngineMigration.removeOld(in: path) == [path + "/engine"])
        }
    }

    @Test(arguments: Subject.all)
    func soundFilesAreLeftAlone(_ subject: Subject) throws {
        try withDirectory { path in
            let before = try run(path, subject, puts: Self.rows)
            let repair = try open(path, subject)
            try repair.survey { _ in }
            #expect(!repair.isDamaged && repair.outcomes[0].kept.rows == Self.rows)
            try repair.end()
            #expect(try names(path) == ["ENGINE", "engine"])
            #expect(try run(path, subject) == before)
        }
    }

    /// Nor is a row whose bytes are sound, and that no node has written.
    @Test(arguments: Subject.all)
    func whatNoNodeCanDecodeIsLeftOut(_ subject: Subject) throws {
        try withDirectory { path in
            _ = try run(path, subject, puts: Self.rows)
            let engine = try subject.engine.open(at: path + "/engine", options: subject.options)
            var batch = WriteBatch()
            batch.put(.data, Self.key(1).bytes, [0xFF, 1, 2])
            batch.put(.data, [1], Self.row(1))
            batch.put(.hints, [1, 2], [3])
            batch.put(.meta, Array("layout".utf8), [0xFF])
            try engine.write(batch, durability: .synced)
            try engine.close()
            let repair = try repair(path, subject)
            #expect(
                repair.outcomes.map(\.refusedRows) == [2, 1, 1] && repair.outcomes.allSatisfy { $0.gaps == 0 }
            )
            #expect(try contents(path, subject).rows == Self.rows - 1)
            _ = try run(path, subject)
        }
    }

    @Test(arguments: Subject.trees)
    func filesThatDoNotOpenArePutTogetherFirst(_ subject: Subject) throws {
        try withDirectory { path in
            _ = try run(path, subject, puts: Self.rows)
            try FileManager.default.removeItem(atPath: path + "/engine/CURRENT")
            let before = try names(path + "/engine")
            let repair = try repair(path, subject)
            #expect(repair.refusal?.code == .corruption && repair.isDamaged)
            #expect(try names(path) == ["ENGINE", "engine", "engine-2", "engine-2.place"])
            #expect(before.isSubset(of: try names(path + "/engine")))
            #expect(try contents(path, subject).rows == Self.rows)
        }
    }

    @Test(arguments: Subject.all)
    func whereNothingIsLeftTheNodeIsToBeFilled(_ subject: Subject) throws {
        try withDirectory { path in
            _ = try run(path, subject, puts: Self.rows)
            for name in try names(path + "/engine") where name != "LOCK" {
                let file = path + "/engine/" + name
                // To read an empty file costs Foundation 4 KiB for good.
                let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
                try Data(repeating: 0x5A, count: try #require(size)).write(to: URL(filePath: file))
            }
            do {
                // LevelDB and RocksDB make an empty database of nothing at all.
                let repair = try repair(path, subject, identityKnown: false)
                #expect(repair.outcomes.allSatisfy { $0.kept.rows == 0 })
                // It is the node's that was configured, and no new disk.
                let meta = try contents(path, subject).meta
                #expect(meta[Array("standing".utf8)] == [1, 1] && meta[Array("identity".utf8)] != nil)
            } catch let error as EngineChangeError {
                #expect(error.kind == .failed && error.description.contains("its peers fill it"), "\(error)")
                #expect(try names(path) == ["ENGINE", "engine"])
            }
        }
    }

    @Test(arguments: Subject.all)
    func whatCannotBeRepairedIsRefusedUnharmed(_ subject: Subject) throws {
        try withDirectory { path in
            #expect(throws: ServeError.self) { try open(path, subject) }
            _ = try run(path, subject, puts: Self.rows)
            try damage(path, row: 1)
            let repair = try open(path, subject)
            #expect(kind { _ = try repair.check(against: Self.configuration(node: "b")) } == .failed)
            #expect(kind { _ = try open(path, subject) } == .inUse)
            try repair.end()
            try FileManager.default.removeItem(atPath: path + "/engine")
            #expect(kind { _ = try open(path, subject) } == .failed)
            #expect(try names(path) == ["ENGINE"])
        }
    }

    @Test(arguments: Subject.all)
    func aRunningNodeIsNotRepaired(_ subject: Subject) throws {
        try withDirectory { path in
            _ = try run(path, subject, puts: Self.rows)
            let node = try subject.engine.open(at: path + "/engine", options: subject.options)
            #expect(kind { _ = try open(path, subject) } == .inUse)
            try node.close()
        }
    }
}
