import Engine
import Foundation
import Glibc
import Testing

/// One seeded list of steps against an engine and a plain sorted array: every answer must be equal.
@Suite struct MetamorphicTests {
    static let steps = 100_000

    @Test(arguments: Subject.all)
    func `every answer equals the model's`(_ subject: Subject) throws {
        let generator = Self.generator
        try withScratch { path in
            var run = try MetamorphicRun(subject, path, generator)
            for number in 0..<Self.steps { try run.step(number) }
            try run.engine.close()
        }
    }

    /// The same steps for every engine.
    private static let generator = SeededGenerator.seeded("metamorphic test of \(steps) steps")
}

/// A keyspace as it should be.
private struct Model {
    private(set) var rows: [ScanPage.Row] = []

    private func position(_ key: [UInt8]) -> Int {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].key.isBefore(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    subscript(key: [UInt8]) -> [UInt8]? {
        get {
            let index = position(key)
            return index < rows.count && rows[index].key == key ? rows[index].value : nil
        }
        set {
            let index = position(key)
            let isThere = index < rows.count && rows[index].key == key
            switch (newValue, isThere) {
            case (let value?, true): rows[index].value = value
            case (let value?, false): rows.insert(.init(key: key, value: value), at: index)
            case (nil, true): rows.remove(at: index)
            case (nil, false): break
            }
        }
    }

    private func indices(_ range: KeyRange) -> Range<Int> {
        let low = position(range.lower)
        return low..<max(low, range.upper.map(position) ?? rows.count)
    }

    mutating func remove(_ range: KeyRange) { rows.removeSubrange(indices(range)) }

    func page(_ range: KeyRange, reverse: Bool, limit: ScanLimit) -> ScanPage {
        let inside = rows[indices(range)]
        var page: [ScanPage.Row] = []
        var bytes = 0
        for step in 0..<inside.count {
            let row = inside[reverse ? inside.endIndex - 1 - step : inside.startIndex + step]
            page.append(row)
            bytes += row.key.count + row.value.count
            if page.count >= limit.rows || bytes >= limit.bytes { break }
        }
        guard page.count < inside.count, let last = page.last else { return ScanPage(rows: page, rest: nil) }
        if reverse { return ScanPage(rows: page, rest: KeyRange(lower: range.lower, upper: last.key)) }
        let next = inside[inside.startIndex + page.count].key
        return ScanPage(rows: page, rest: KeyRange(lower: next, upper: range.upper))
    }
}

private struct MetamorphicRun {
    private let subject: Subject
    private let path: String
    private var generator: SeededGenerator
    private var directory: String
    private var models = [Model](repeating: Model(), count: Keyspace.allCases.count)
    private(set) var engine: any StorageEngine

    init(_ subject: Subject, _ path: String, _ generator: SeededGenerator) throws {
        self.subject = subject
        self.path = path
        self.generator = generator
        directory = path + "/engine"
        engine = try subject.open(directory)
    }

    mutating func step(_ number: Int) throws {
        switch Int.random(in: 0..<1000, using: &generator) {
        case 0..<300: try writeBatch()
        case 300..<305: try deleteRange()
        case 305..<600: try get()
        case 600..<680: try multiGet()
        case 680..<960: try scan(engine, models, "step \(number)")
        case 960..<995: try snapshot("step \(number)")
        case 995..<998: try maintain()
        // Reopening replays the log, which costs most of a step's time.
        case 998: if number % 4 == 0 { try reopen() }
        default: if number % 8 == 0 { try checkpoint(number) }
        }
    }

    // MARK: Choices

    private mutating func keyspace() -> Keyspace { Keyspace.allCases.randomElement(using: &generator)! }

    /// One of about 2,000 keys that share prefixes, a few of them long.
    private mutating func key() -> [UInt8] {
        let number = Int.random(in: 0..<2000, using: &generator)
        let prefix: [UInt8] = [[], [0], [0, 0], [255]][number % 4]
        let size = number % 97 == 0 ? 400 : number % 5
        return prefix + [UInt8(number / 256), UInt8(number % 256)] + [UInt8](repeating: 0xFF, count: size)
    }

    private mutating func value() -> [UInt8] {
        let size = Int.random(in: 0..<200, using: &generator)
        let fill = UInt8.random(in: 0...255, using: &generator)
        // Sometimes of many pages.
        return [UInt8](repeating: fill, count: size == 199 ? 20_000 : size)
    }

    private mutating func range() -> KeyRange {
        let lower = Int.random(in: 0..<4, using: &generator) == 0 ? [] : key()
        let upper = Int.random(in: 0..<4, using: &generator) == 0 ? nil : key()
        return KeyRange(lower: lower, upper: upper)
    }

    // MARK: Steps

    private mutating func writeBatch() throws {
        var batch = WriteBatch()
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            let (keyspace, key) = (keyspace(), key())
            if Int.random(in: 0..<4, using: &generator) == 0 {
                batch.delete(keyspace, key)
                models[Int(keyspace.rawValue)][key] = nil
            } else {
                let value = value()
                batch.put(keyspace, key, value)
                models[Int(keyspace.rawValue)][key] = value
            }
        }
        let isSynced = Int.random(in: 0..<20, using: &generator) == 0
        try engine.write(batch, durability: isSynced ? .synced : .buffered)
    }

    private mutating func deleteRange() throws {
        let (keyspace, lower) = (keyspace(), key())
        let range = Bool.random(using: &generator) ? KeyRange(lower: lower, upper: key()) : .prefix(lower)
        try engine.deleteRange(keyspace, range)
        models[Int(keyspace.rawValue)].remove(range)
    }

    private mutating func get() throws {
        let (keyspace, key) = (keyspace(), key())
        let expected = models[Int(keyspace.rawValue)][key]
        #expect(try engine.get(keyspace, key) == expected)
        let resident = try engine.withResidentValue(keyspace, key) { (span) throws(EngineError) in
            if let span { [UInt8](copying: span) } else { [UInt8]?.none }
        }
        if let resident { #expect(resident == expected) }
    }

    private mutating func multiGet() throws {
        let keyspace = keyspace()
        var keys: [[UInt8]] = []
        for _ in 0..<Int.random(in: 0...10, using: &generator) { keys.append(key()) }
        var answers = [[UInt8]?](repeating: [1, 2, 3], count: keys.count)
        try engine.multiGet(keyspace, keys) { (index, span) throws(EngineError) in
            answers[index] = if let span { [UInt8](copying: span) } else { nil }
        }
        #expect(answers == keys.map { models[Int(keyspace.rawValue)][$0] })
    }

    private mutating func scan(_ reader: any EngineReader, _ models: [Model], _ what: String) throws {
        let (keyspace, reverse) = (keyspace(), Bool.random(using: &generator))
        let limit = ScanLimit(
            rows: Int.random(in: 0...20, using: &generator),
            bytes: Int.random(in: 0...4000, using: &generator))
        var rest: KeyRange? = range()
        for _ in 0..<3 {
            guard let range = rest else { break }
            var expected = models[Int(keyspace.rawValue)].page(range, reverse: reverse, limit: limit)
            let page = try reader.scan(keyspace, range, reverse: reverse, limit: limit)
            #expect(page.rows == expected.rows, "\(what): \(range) reverse \(reverse) \(limit)")
            #expect(page.rest == expected.rest, "\(what): \(range) reverse \(reverse) \(limit)")
            swap(&rest, &expected.rest)
        }
    }

    /// Reads an old state while newer ones are written.
    private mutating func snapshot(_ what: String) throws {
        let old = models
        var run = self
        var failure: (any Error)?
        try engine.read { (view) throws(EngineError) in
            do {
                for _ in 0..<3 {
                    try run.writeBatch()
                    try run.scan(view, old, what + ", snapshot")
                    let (keyspace, key) = (run.keyspace(), run.key())
                    #expect(try view.get(keyspace, key) == old[Int(keyspace.rawValue)][key])
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        self = run
    }

    private mutating func maintain() throws {
        if Bool.random(using: &generator) { try engine.sync() } else { try engine.compact(keyspace()) }
        _ = try engine.statistics()
    }

    private mutating func reopen() throws {
        if !subject.persistent { return }
        try engine.close()
        engine = try subject.open(directory)
    }

    /// Goes on with a copy, and drops the original.
    private mutating func checkpoint(_ number: Int) throws {
        let copy = path + "/copy-\(number)"
        try engine.checkpoint(to: copy)
        try engine.close()
        try FileManager.default.removeItem(atPath: directory)
        directory = copy
        engine = try subject.open(directory)
        for keyspace in Keyspace.allCases {
            #expect(try engine.scan(keyspace, .all).rows == models[Int(keyspace.rawValue)].rows)
        }
    }
}

extension [UInt8] {
    /// Bytewise order: the standard library's, unoptimised, would take most of the test's time.
    fileprivate func isBefore(_ other: [UInt8]) -> Bool {
        let order = memcmp(self, other, Swift.min(count, other.count))
        return order < 0 || (order == 0 && count < other.count)
    }
}
