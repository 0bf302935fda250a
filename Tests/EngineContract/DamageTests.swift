import Engine
import Foundation
import Testing

/// Files that lost their end, or had a bit flipped, are refused as corruption, and never end the process.
@Suite struct DamageTests {
    private static let rows = 1200

    /// What a child says of a damaged copy.
    private func outcome(
        _ subject: Subject, _ original: String, _ copy: String, _ file: String, _ damage: Damage
    ) throws -> String? {
        try FileManager.default.copyItem(atPath: original, toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try damage.apply(copy + "/" + file)
        let (line, end) = try Child.answer("verify", subject.factory.name, copy, "\(Self.rows)")
        #expect(end == .exit(0), "\(file), \(damage): the process died, \(end)")
        return line
    }

    @Test(arguments: Subject.files)
    func `a flipped bit is found or harmless`(_ subject: Subject) throws {
        var generator = SeededGenerator.seeded("bit flips of \(subject.factory.name)")
        try withScratch { path in
            try subject.makeTables(path + "/original", rows: Self.rows)
            var outcomes: [String: Int] = [:]
            for _ in 0..<40 {
                let file = try #require(
                    try Subject.tables(path + "/original").randomElement(using: &generator))
                let size = try fileSize(path + "/original/" + file)
                // Half of them in the header of a page, where its structure stands.
                let page = Int.random(in: 0..<size / 4096, using: &generator) * 4096
                let isHeader = Bool.random(using: &generator)
                let byte = min(size - 1, page + Int.random(in: 0..<(isHeader ? 16 : 4096), using: &generator))
                let damage = Damage.flip(byte: byte, bit: Int.random(in: 0..<8, using: &generator))
                let outcome =
                    try outcome(subject, path + "/original", path + "/copy", file, damage) ?? "nothing"
                outcomes[outcome, default: 0] += 1
                #expect(["intact", "corruption"].contains(outcome), "\(file), \(damage): \(outcome)")
            }
            print("bit flips of \(subject.factory.name): \(outcomes)")
            // Many of LMDB's pages are free, or the rest of one is.
            #expect(outcomes["corruption", default: 0] >= (subject.factory.name == "lmdb" ? 5 : 20))
        }
    }

    @Test(arguments: Subject.files)
    func `a file that lost its end is corrupt`(_ subject: Subject) throws {
        var generator = SeededGenerator.seeded("truncations of \(subject.factory.name)")
        try withScratch { path in
            try subject.makeTables(path + "/original", rows: Self.rows)
            for round in 0..<12 {
                let file = try #require(
                    try Subject.tables(path + "/original").randomElement(using: &generator))
                let size = try fileSize(path + "/original/" + file)
                // Not to nothing: an empty LMDB file is a new one.
                let damage = Damage.truncate(
                    to: round == 0 ? size - 4096 : Int.random(in: 1..<size, using: &generator))
                let outcome = try outcome(subject, path + "/original", path + "/copy", file, damage)
                #expect(outcome == "corruption", "\(file), \(damage)")
            }
        }
    }

    @Test func `a damaged checkpoint of the memory engine is corrupt`() throws {
        var generator = SeededGenerator.seeded("bit flips of memory")
        try withScratch { path in
            let subject = Subject(factory: MemoryEngineFactory.self)
            let engine = try subject.open(path + "/engine")
            for number in 0..<50 { try engine.put(Row.key(number), Row.value(number)) }
            try engine.checkpoint(to: path + "/original")
            try engine.close()
            let file = "/memory.checkpoint"
            let size = try fileSize(path + "/original" + file)
            for round in 0..<100 {
                let copy = path + "/copy-\(round)"
                try FileManager.default.copyItem(atPath: path + "/original", toPath: copy)
                let byte = Int.random(in: 0..<size, using: &generator)
                let damage: Damage = round % 4 == 0 ? .truncate(to: byte) : .flip(byte: byte, bit: round % 8)
                try damage.apply(copy + file)
                #expect(engineError { _ = try subject.open(copy) } == .corruption, "\(damage)")
            }
        }
    }

    /// A block that is left out must not pass for one without rows.
    @Test(arguments: Subject.files.filter { $0.factory.name != "lmdb" }, [false, true])
    func `no page of a scan leaves out a damaged block`(_ subject: Subject, _ reverse: Bool) throws {
        try withScratch { path in
            try subject.makeTables(path + "/engine", rows: Self.rows)
            let table = try #require(try Subject.tables(path + "/engine").first)
            // Within the first block of data.
            try Damage.flip(byte: 100, bit: 2).apply(path + "/engine/" + table)
            let engine = try subject.open(path + "/engine")
            let error = engineError {
                var rest: KeyRange? = .all
                var next = reverse ? Self.rows - 1 : 0
                while let range = rest {
                    let page = try engine.scan(.data, range, reverse: reverse, limit: ScanLimit(rows: 10))
                    rest = page.rest
                    for row in page.rows {
                        #expect(Row.number(row.key) == next)
                        next += reverse ? -1 : 1
                    }
                }
            }
            #expect(error == .corruption)
            if subject.factory.name == "leveldb" {
                // A copy row by row: it fails, and leaves nothing.
                #expect(engineError { try engine.checkpoint(to: path + "/copy") } == .corruption)
                #expect(!FileManager.default.fileExists(atPath: path + "/copy"))
            }
            try engine.close()
        }
    }
}
