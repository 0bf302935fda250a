import Engine
import Foundation
import Testing

/// What is saved of damaged files: all that can be, and nothing that was never written.
@Suite struct SalvageTests {
    private static let rows = 1200
    /// The engines with a manifest and a log.
    private static let trees = Subject.files.filter { $0.factory.name != "lmdb" }

    /// What a child makes of a copy of `original` that `damage` was done to.
    private struct Outcome {
        var rows = 0
        var altered = 0
        var gaps = 0
        /// Whether the engine opened the files, or why it did not.
        var state = ""
    }

    private func salvage(
        _ subject: Subject, _ original: String, _ damage: (_ directory: String) throws -> Void
    ) throws -> Outcome? {
        let copy = original + "-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: original, toPath: copy)
        defer {
            for path in [copy, copy + "-rebuilt"] { try? FileManager.default.removeItem(atPath: path) }
        }
        try damage(copy)
        let names = try FileManager.default.contentsOfDirectory(atPath: copy)
        let (line, end) = try Child.answer("salvage", subject.factory.name, copy)
        #expect(end == .exit(0), "the process died, \(end)")
        let words = (line ?? "").split(separator: " ")
        guard words.count == 4 else { return nil }
        let outcome = Outcome(
            rows: Int(words[0])!, altered: Int(words[1])!, gaps: Int(words[2])!, state: String(words[3]))
        if outcome.state != "opened" {
            // What was put together lies beside the damaged files, which are all there still.
            #expect(Set(names).isSubset(of: try FileManager.default.contentsOfDirectory(atPath: copy)))
        }
        return outcome
    }

    private func remove(_ directory: String, _ isGone: (String) -> Bool) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) where isGone(name) {
            try FileManager.default.removeItem(atPath: directory + "/" + name)
        }
    }

    @Test(arguments: Subject.files)
    func `nothing of sound files is missed`(_ subject: Subject) throws {
        try withScratch { path in
            try subject.makeTables(path + "/original", rows: Self.rows)
            let outcome = try #require(try salvage(subject, path + "/original") { _ in })
            #expect(outcome.rows == Self.rows && outcome.altered == 0 && outcome.gaps == 0)
            #expect(outcome.state == "opened")
        }
    }

    /// A block of a table, or a page, has some dozens of rows at most.
    @Test(arguments: Subject.files)
    func `one flipped bit costs the rows of one place`(_ subject: Subject) throws {
        try withScratch { path in
            try subject.makeTables(path + "/original", rows: Self.rows)
            let table = try #require(try Subject.tables(path + "/original").first)
            // Within the value of a row in the middle: what does not compress lies there as it is. In LMDB's file, older
            // states of the page may have it, too.
            let value = Data(Row.value(501)[20..<60])
            let outcome = try #require(
                try salvage(subject, path + "/original") { directory in
                    let file = URL(fileURLWithPath: directory + "/" + table)
                    var bytes = try Data(contentsOf: file)
                    var found = 0
                    while let place = bytes.range(of: value) {
                        bytes[place.lowerBound] ^= 8
                        found += 1
                    }
                    try #require(found > 0)
                    try bytes.write(to: file)
                })
            #expect(outcome.rows < Self.rows && outcome.rows >= Self.rows - 100, "\(outcome)")
            #expect(outcome.altered == 0)
            // LMDB refuses the file, and the rest of it is put together.
            #expect(outcome.state == (subject.factory.name == "lmdb" ? "corruption" : "opened"))
            #expect(outcome.gaps == (subject.factory.name == "lmdb" ? 0 : 1))
        }
    }

    @Test(arguments: trees, ["CURRENT", "MANIFEST-"])
    func `a lost manifest costs no row of a table`(_ subject: Subject, _ file: String) throws {
        try withScratch { path in
            try subject.makeTables(path + "/original", rows: Self.rows)
            let outcome = try #require(
                try salvage(subject, path + "/original") { try remove($0) { $0.hasPrefix(file) } })
            #expect(outcome.rows == Self.rows && outcome.altered == 0, "\(outcome)")
            #expect(["corruption", "io"].contains(outcome.state), "\(outcome)")
        }
    }

    @Test(arguments: trees)
    func `a lost table costs its own rows`(_ subject: Subject) throws {
        try withScratch { path in
            let engine = try subject.open(path + "/original")
            for number in 0..<100 { try engine.put(Row.key(number), Row.value(number)) }
            try engine.compact(.data)
            let first = try Subject.tables(path + "/original")
            // More than a write buffer, so that there is another table.
            for number in 2000..<6000 { try engine.put(Row.key(number), Row.value(number)) }
            try engine.close()
            let outcome = try #require(
                try salvage(subject, path + "/original") { try remove($0) { first.contains($0) } })
            #expect(outcome.rows == 4000 && outcome.altered == 0, "\(outcome)")
        }
    }

    #if LMDB
    @Test(arguments: [0, 1])
    func `one damaged meta page of LMDB costs no more than the last commit`(_ page: Int) throws {
        let subject = try #require(Subject.files.first { $0.factory.name == "lmdb" })
        try withScratch { path in
            try subject.makeTables(path + "/original", rows: Self.rows)
            let outcome = try #require(
                try salvage(subject, path + "/original") {
                    let zeros = [UInt8](repeating: 0, count: 160)
                    try Damage.overwrite(byte: 4096 * page, with: zeros).apply($0 + "/data.mdb")
                })
            #expect(outcome.rows == Self.rows && outcome.state == "corruption", "\(outcome)")
        }
    }
    #endif

    @Test(arguments: Subject.files)
    func `whatever is damaged, what is saved was written`(_ subject: Subject) throws {
        var generator = SeededGenerator.seeded("salvage of \(subject.factory.name)")
        try withScratch { path in
            try subject.makeTables(path + "/original", rows: Self.rows)
            let files = try FileManager.default.contentsOfDirectory(atPath: path + "/original").sorted()
                .filter { $0 != "LOCK" && !$0.hasPrefix("LOG") && !$0.hasSuffix("lock.mdb") }
            var saved = 0
            for _ in 0..<30 {
                var damages: [(String, Damage)] = []
                for _ in 0..<Int.random(in: 1...8, using: &generator) {
                    let file = files.randomElement(using: &generator)!
                    let size = max(1, try fileSize(path + "/original/" + file))
                    let byte = Int.random(in: 0..<size, using: &generator)
                    damages.append(
                        Int.random(in: 0..<8, using: &generator) == 0
                            ? (file, .truncate(to: byte))
                            : (
                                file,
                                .overwrite(byte: byte, with: [UInt8.random(in: 0...255, using: &generator)])
                            ))
                }
                let outcome = try salvage(subject, path + "/original") { directory in
                    for (file, damage) in damages { try damage.apply(directory + "/" + file) }
                }
                // Nil: nothing can be put together, and the engine said so.
                #expect((outcome?.altered ?? 0) == 0, "\(damages)")
                saved += outcome?.rows ?? 0
            }
            print("salvage of \(subject.factory.name): \(saved) of \(30 * Self.rows) rows")
            #expect(saved > 5 * Self.rows)
        }
    }
}
