import Engine
import Foundation
import Testing

/// A damaged write-ahead log: no acknowledged write is dropped without a word.
@Suite struct LogDamageTests {
    private static let rows = 800
    /// The engines with a log.
    private static let logged = Subject.files.filter { $0.factory.name != "lmdb" }

    /// One row a record, about 300 KB of them, and all of it still in the log.
    private func prepare(_ subject: Subject, _ path: String) throws {
        let engine = try subject.open(path)
        for number in 0..<Self.rows { try engine.put(Row.key(number), Row.value(number)) }
        #expect(!engine.hasLostWrites)
        try engine.close()
    }

    private func log(_ path: String) throws -> String {
        let logs = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".log") }
        let longest = try logs.map { path + "/" + $0 }.max { try fileSize($0) < fileSize($1) }
        return try #require(longest)
    }

    private func copy(_ path: String, _ damage: (_ size: Int) -> Damage) throws -> String {
        let copy = path + "/copy-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: path + "/original", toPath: copy)
        let log = try log(copy)
        let size = try fileSize(log)
        try #require(size > 200_000)
        try damage(size).apply(log)
        return copy
    }

    @Test(arguments: logged)
    func `a flipped bit in the middle of the log is told`(_ subject: Subject) throws {
        var generator = SeededGenerator.seeded("log flips of \(subject.factory.name)")
        var strict = subject
        strict.given["log_damage"] = "refuse"
        try withScratch { path in
            try prepare(subject, path + "/original")
            for _ in 0..<40 {
                let bit = Int.random(in: 0..<8, using: &generator)
                // In the last block of 32 KiB, a length may pass for that of a record cut short by a crash.
                let byte = { (size: Int) in Int.random(in: 0..<size - 65_536, using: &generator) }
                let copy = try copy(path) { .flip(byte: byte($0), bit: bit) }
                #expect(engineError { _ = try strict.open(copy) } == .corruption)
                let engine = try subject.open(copy)
                #expect(engine.hasLostWrites)
                let rows = try engine.scan(.data, .all).rows
                #expect(rows.count < Self.rows)
                for row in rows { #expect(row.value == Row.value(Row.number(row.key)!)) }
                try engine.close()
            }
        }
    }

    /// Bit by bit, where the record begins: some types and lengths have a meaning of their own to a library.
    @Test(arguments: logged)
    func `every flipped bit of a record's header is told`(_ subject: Subject) throws {
        var strict = subject
        strict.given["log_damage"] = "refuse"
        try withScratch { path in
            try prepare(subject, path + "/original")
            // A log begins with a record.
            for bit in 0..<56 {
                let copy = try copy(path) { _ in .flip(byte: bit / 8, bit: bit % 8) }
                #expect(engineError { _ = try strict.open(copy) } == .corruption, "bit \(bit)")
                let engine = try subject.open(copy)
                #expect(engine.hasLostWrites, "bit \(bit)")
                try engine.close()
            }
        }
    }

    @Test(arguments: logged)
    func `a log cut short by a crash is no damage`(_ subject: Subject) throws {
        var generator = SeededGenerator.seeded("log ends of \(subject.factory.name)")
        try withScratch { path in
            try prepare(subject, path + "/original")
            for _ in 0..<40 {
                let copy = try copy(path) { .truncate(to: Int.random(in: 0..<$0, using: &generator)) }
                let engine = try subject.open(copy)
                #expect(!engine.hasLostWrites)
                let rows = try engine.scan(.data, .all).rows
                #expect(rows.count < Self.rows)
                #expect(rows.map(\.key) == (0..<rows.count).map(Row.key))
                try engine.close()
            }
        }
    }

    @Test(arguments: logged)
    func `a loss is told until it is made up for`(_ subject: Subject) throws {
        try withScratch { path in
            try prepare(subject, path + "/original")
            let copy = try copy(path) { .flip(byte: $0 / 2, bit: 3) }
            /// Whether the engine tells of a loss, at first and after a write.
            func open(_ keyspace: Keyspace, _ durability: Durability) throws -> Bool {
                let engine = try subject.open(copy)
                let tells = engine.hasLostWrites
                var batch = WriteBatch()
                batch.put(keyspace, [1], [1])
                try engine.write(batch, durability: durability)
                #expect(engine.hasLostWrites == tells)
                try engine.close()
                return tells
            }
            #expect(try open(.data, .synced))
            #expect(try open(.meta, .buffered))
            #expect(try open(.meta, .synced))
            #expect(try !open(.data, .buffered))
        }
    }

    @Test(arguments: Subject.all)
    func `a sound engine tells of no loss`(_ subject: Subject) throws {
        try withScratch { path in
            for _ in 0..<2 {
                let engine = try subject.open(path + "/engine")
                #expect(!engine.hasLostWrites)
                try engine.put([1], [1])
                try engine.close()
            }
        }
    }
}
