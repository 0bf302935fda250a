import Engine
import Testing

/// A process that writes is killed: what it reported as acknowledged must be there.
@Suite(.serialized) struct CrashTests {
    static let rounds = 50

    @Test(arguments: Subject.files, [Durability.synced, .buffered])
    func `acknowledged rows survive SIGKILL`(_ subject: Subject, _ durability: Durability) throws {
        var generator = SeededGenerator.seeded("crash test of \(subject.factory.name), \(durability)")
        try withScratch { path in
            // Rows below this are acknowledged, in some round.
            var acknowledged = 0
            // Where the next round writes; rows between may or may not be there.
            var acknowledgedRows: [Range<Int>] = []
            for round in 0..<Self.rounds {
                let start = round * 1_000_000
                let child = try Child([
                    "write", subject.factory.name, path + "/engine", "\(durability)", "\(start)",
                ])
                // Dies at some moment after this many reports, while it goes on writing.
                let target = Int.random(in: 0...300, using: &generator)
                var last = start - 1
                for _ in 0..<target {
                    guard let line = child.line(), let number = Int(line) else { break }
                    #expect(number == last + 1)
                    last = number
                }
                child.kill()
                // What it reported before it died counts, too.
                while let line = child.line() { last = try #require(Int(line)) }
                #expect(child.wait() == .signal(9))
                acknowledged += last + 1 - start
                acknowledgedRows.append(start..<last + 1)
                try check(subject, path + "/engine", acknowledgedRows, isLast: round == Self.rounds - 1)
            }
            print(
                "\(subject.factory.name), \(durability): \(acknowledged) acknowledged rows in \(Self.rounds) rounds"
            )
            #expect(acknowledged > Self.rounds)
        }
    }

    /// Reads the rows of the last round, or of all.
    private func check(
        _ subject: Subject, _ path: String, _ rows: [Range<Int>], isLast: Bool
    ) throws {
        let engine = try subject.open(path)
        defer { try? engine.close() }
        for range in isLast ? rows : rows.suffix(1) {
            var next = range.lowerBound
            let bounds = KeyRange(
                lower: Row.key(range.lowerBound), upper: Row.key(range.lowerBound + 1_000_000))
            for row in try engine.scan(.data, bounds).rows {
                // No gap: batches of one process come back in order, whole.
                #expect(row.key == Row.key(next))
                #expect(row.value == Row.value(next))
                next += 1
            }
            #expect(next >= range.upperBound, "rows \(next)..<\(range.upperBound) were acknowledged")
        }
    }
}
