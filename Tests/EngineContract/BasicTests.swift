import Engine
import Testing

/// What every engine does with rows, whatever the library.
@Suite struct BasicTests {
    @Test(arguments: Subject.all)
    func `a batch applies in order and whole`(_ subject: Subject) throws {
        try subject.withEngine { engine in
            var batch = WriteBatch()
            batch.put(.data, [1], [10])
            batch.put(.data, [1], [11])
            batch.put(.data, [2], [20])
            batch.delete(.data, [2])
            batch.delete(.data, [3])
            batch.put(.data, [3], [])
            try engine.write(batch, durability: .buffered)
            #expect(try engine.get(.data, [1]) == [11])
            #expect(try engine.get(.data, [2]) == nil)
            #expect(try engine.get(.data, [3]) == [])

            var refused = WriteBatch()
            refused.put(.data, [1], [99])
            refused.put(.data, [], [99])
            #expect(engineError { try engine.write(refused, durability: .synced) } == .keyEmpty)
            #expect(try engine.get(.data, [1]) == [11])
            // The failed batch leaves nothing behind for the next.
            try engine.write(WriteBatch(), durability: .synced)
            #expect(try engine.get(.data, [1]) == [11])
        }
    }

    @Test(arguments: Subject.all)
    func `keyspaces are separate`(_ subject: Subject) throws {
        try subject.withEngine { engine in
            var batch = WriteBatch()
            for keyspace in Keyspace.allCases { batch.put(keyspace, [7], [keyspace.rawValue]) }
            try engine.write(batch, durability: .buffered)
            for keyspace in Keyspace.allCases {
                #expect(try engine.get(keyspace, [7]) == [keyspace.rawValue])
                for reverse in [false, true] {
                    #expect(try engine.scan(keyspace, .all, reverse: reverse).rows.count == 1)
                }
            }
            try engine.deleteRange(.hints, .all)
            #expect(try engine.get(.data, [7]) == [0])
            #expect(try engine.get(.hints, [7]) == nil)
            #expect(try engine.get(.meta, [7]) == [2])
        }
    }

    @Test(arguments: Subject.all)
    func `sizes at and over the limits`(_ subject: Subject) throws {
        try subject.withEngine { engine in
            let large = [UInt8](repeating: 0xA5, count: EngineLimits.maxValueSize)
            for (size, value) in [(1, []), (480, [1]), (511, large)] {
                let key = [UInt8](repeating: 0xFF, count: size)
                try engine.put(key, value)
                #expect(try engine.get(.data, key)?.count == value.count)
                #expect(try engine.get(.data, key) == value)
            }
            let tooLong = [UInt8](repeating: 1, count: EngineLimits.maxKeySize + 1)
            #expect(engineError { try engine.put(tooLong, []) } == .keyTooLarge)
            #expect(engineError { try engine.put([], []) } == .keyEmpty)
            #expect(engineError { try engine.put([1], large + [0]) } == .valueTooLarge)
            #expect(engineError { _ = try engine.get(.data, []) } == .keyEmpty)
            #expect(engineError { _ = try engine.get(.data, tooLong) } == .keyTooLarge)
            #expect(engineError { try engine.multiGet(.data, [[1], []]) { _, _ in } } == .keyEmpty)
            #expect(try engine.scan(.data, .all).rows.map(\.key.count) == [1, 480, 511])
        }
    }

    @Test(arguments: Subject.all)
    func `keys are ordered by their unsigned bytes`(_ subject: Subject) throws {
        let keys: [[UInt8]] = [
            [0], [0, 0], [0, 0, 1], [0, 1], [0, 255], [1], [1, 0], [127], [127, 255], [128], [128, 0], [255],
            [255, 0], [255, 255], [255, 255, 0],
        ]
        try subject.withEngine { engine in
            for key in keys.shuffled() { try engine.put(key, key) }
            #expect(try engine.scan(.data, .all).rows.map(\.key) == keys)
            #expect(try engine.scan(.data, .all, reverse: true).rows.map(\.key) == keys.reversed())
            for lower in keys + [[]] {
                for upper in keys.map(Optional.some) + [nil, []] {
                    let range = KeyRange(lower: lower, upper: upper)
                    let inside = keys.filter { range.contains($0) }
                    #expect(try engine.scan(.data, range).rows.map(\.key) == inside)
                    #expect(try engine.scan(.data, range, reverse: true).rows.map(\.key) == inside.reversed())
                }
            }
            #expect(try engine.scan(.data, .prefix([255])).rows.count == 4)
            #expect(try engine.scan(.data, .prefix([0, 0])).rows.count == 2)
        }
    }

    @Test(arguments: Subject.all, [false, true])
    func `pages join to the whole`(_ subject: Subject, _ reverse: Bool) throws {
        try subject.withEngine { engine in
            for number in 0..<100 { try engine.put(Row.key(number), [UInt8](repeating: 1, count: number)) }
            let all = try engine.scan(.data, .all, reverse: reverse).rows
            for limit in [
                ScanLimit(rows: 1), ScanLimit(rows: 7), ScanLimit(rows: 100), ScanLimit(rows: 0),
                ScanLimit(bytes: 0), ScanLimit(bytes: 300), ScanLimit(rows: 10, bytes: 150),
            ] {
                var rows: [ScanPage.Row] = []
                var rest: KeyRange? = .all
                while let range = rest {
                    let page = try engine.scan(.data, range, reverse: reverse, limit: limit)
                    #expect(!page.rows.isEmpty && page.rows.count <= max(1, limit.rows))
                    rows += page.rows
                    rest = page.rest
                }
                #expect(rows == all)
            }
            // A page that ends at the last row says that nothing is left.
            #expect(try engine.scan(.data, .all, reverse: reverse, limit: ScanLimit(rows: 100)).rest == nil)
            #expect(try engine.scan(.data, .all, reverse: reverse, limit: ScanLimit(rows: 99)).rest != nil)

            var seen = 0
            let rest = try engine.scan(.data, .all, reverse: reverse, limit: ScanLimit()) {
                (_, _) throws(EngineError) in
                seen += 1
                return seen == 3 ? .stop : .next
            }
            #expect(seen == 3)
            #expect(try engine.scan(.data, #require(rest), reverse: reverse).rows == Array(all[3...]))
        }
    }

    @Test(arguments: Subject.all)
    func `a snapshot sees no later write`(_ subject: Subject) throws {
        try subject.withEngine { engine in
            for number in 0..<50 { try engine.put(Row.key(number), [1]) }
            try engine.read { (view) throws(EngineError) in
                var batch = WriteBatch()
                for number in 0..<100 { batch.put(.data, Row.key(number), [2]) }
                batch.delete(.data, Row.key(7))
                try engine.write(batch, durability: .buffered)
                try engine.deleteRange(.data, KeyRange(lower: Row.key(20), upper: Row.key(30)))
                let rows = try view.scan(.data, .all).rows
                #expect(rows.count == 50 && rows.allSatisfy { $0.value == [1] })
                #expect(try view.get(.data, Row.key(7)) == [1])
                #expect(try view.get(.data, Row.key(70)) == nil)
                var found = 0
                try view.multiGet(.data, [Row.key(25), Row.key(70)]) { (index, value) throws(EngineError) in
                    found += (value == nil) == (index == 1) ? 1 : 0
                }
                #expect(found == 2)
                let resident = try view.withResidentValue(.data, Row.key(1)) { (value) throws(EngineError) in
                    value?.byteCount
                }
                #expect(resident == nil || resident == 1)
            }
            #expect(try engine.scan(.data, .all).rows.count == 89)
            #expect(try engine.get(.data, Row.key(1)) == [2])
        }
    }

    @Test(arguments: Subject.all)
    func `resident reads answer right or not at all`(_ subject: Subject) throws {
        try subject.withEngine { engine in
            for number in 0..<200 { try engine.put(Row.key(number), Row.value(number)) }
            // What a cache answers was read before.
            for number in 0..<200 { _ = try engine.get(.data, Row.key(number)) }
            var answers = 0
            for number in 0..<400 {
                let answer = try engine.withResidentValue(.data, Row.key(number)) {
                    (value) throws(EngineError) in
                    if let value { [UInt8](copying: value) } else { [UInt8]?.none }
                }
                guard let answer else { continue }
                answers += 1
                #expect(answer == (number < 200 ? Row.value(number) : nil))
            }
            if subject.cacheBytes == nil {
                // All of it is in a write buffer or in the map.
                #expect(answers == (engine.capabilities.residentReads ? 400 : 0))
            } else {
                #expect(engine.capabilities.residentReads && answers > 0)
            }
        }
    }

    @Test(arguments: Subject.all)
    func `deleteRange removes its range and no more`(_ subject: Subject) throws {
        try subject.withEngine { engine in
            var batch = WriteBatch()
            for number in 0..<3000 { batch.put(.data, Row.key(number), [1]) }
            try engine.write(batch, durability: .buffered)
            try engine.deleteRange(.data, KeyRange(lower: Row.key(100), upper: Row.key(2900)))
            try engine.deleteRange(.data, KeyRange(lower: Row.key(50), upper: Row.key(50)))
            try engine.deleteRange(.data, KeyRange(lower: Row.key(60), upper: Row.key(40)))
            let numbers = try engine.scan(.data, .all).rows.compactMap { Row.number($0.key) }
            #expect(numbers == Array(0..<100) + Array(2900..<3000))
            let longest = [UInt8](repeating: 255, count: EngineLimits.maxKeySize)
            try engine.put(longest, [1])
            try engine.deleteRange(.data, KeyRange(lower: Row.key(2950), upper: nil))
            #expect(try engine.scan(.data, .all).rows.count == 150)
            try engine.deleteRange(.data, .all)
            #expect(try engine.scan(.data, .all).rows.isEmpty)
        }
    }
}

extension StorageEngine {
    func put(_ key: [UInt8], _ value: [UInt8]) throws(EngineError) {
        var batch = WriteBatch()
        batch.put(.data, key, value)
        try write(batch, durability: .buffered)
    }
}

extension KeyRange {
    func contains(_ key: [UInt8]) -> Bool {
        !key.lexicographicallyPrecedes(lower) && (upper.map { key.lexicographicallyPrecedes($0) } ?? true)
    }
}
