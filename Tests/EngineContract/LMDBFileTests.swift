#if LMDB
import Engine
import Foundation
import LMDBEngine
import Testing

/// What is LMDB's alone: damaged meta pages, and closing while the map is read.
@Suite struct LMDBFileTests {
    private let subject = Subject(factory: LMDBEngineFactory.self, given: ["map_size_bytes": "1073741824"])
    private static let mapPages: UInt64 = 1_073_741_824 / 4096

    @Test(arguments: [mapPages, 1 << 30, 1 << 39, mapPages - 1])
    func `a last page beyond the map is corrupt`(_ lastPage: UInt64) throws {
        try withScratch { path in
            let engine = try subject.open(path)
            for number in 0..<100 { try engine.put(Row.key(number), Row.value(number)) }
            try engine.close()
            let bytes = (0..<8).map { UInt8(truncatingIfNeeded: lastPage >> (8 * $0)) }
            for meta in 0..<2 {
                try Damage.overwrite(byte: 4096 * meta + 136, with: bytes).apply(path + "/data.mdb")
            }
            if lastPage >= Self.mapPages {
                #expect(engineError { _ = try subject.open(path) } == .corruption)
            } else {
                // A sound file may be shorter than its last page says.
                let engine = try subject.open(path)
                #expect(try engine.scan(.data, .all).rows.count == 100)
                try engine.close()
            }
        }
    }

    @Test func `a node in a page's free room is corrupt`() throws {
        try withScratch { path in
            let engine = try subject.open(path)
            for number in 0..<100 { try engine.put(Row.key(number), Row.value(number)) }
            try engine.close()
            let file = path + "/data.mdb"
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            // Branches and leaves, some of them in use: the free room reaches to the page's end.
            let pages = stride(from: 2 * 4096, to: bytes.count, by: 4096)
            for page in pages where [1, 2].contains(bytes[page + 10]) {
                try Damage.overwrite(byte: page + 14, with: [0x00, 0x10]).apply(file)
            }
            #expect(engineError { _ = try subject.open(path) } == .corruption)
        }
    }

    @Test func `how far behind the oldest open read is shows`() throws {
        try withScratch { path in
            let engine = try subject.open(path)
            try engine.put([1], [1])
            #expect(try engine.statistics()["oldest_reader_transactions"] == 0)
            try engine.read { (_) throws(EngineError) in
                for value: UInt8 in 2...4 { try engine.put([1], [value]) }
                let statistics = try engine.statistics()
                #expect(statistics["oldest_reader_transactions"] == 3)
            }
            #expect(try engine.statistics()["oldest_reader_transactions"] == 0)
            try engine.close()
        }
    }

    /// Replaced within its transaction, it keeps more pages than it needs.
    @Test func `a large value that shrank is sound`() throws {
        try withScratch { path in
            let engine = try subject.open(path)
            var batch = WriteBatch()
            batch.put(.data, [1], [UInt8](repeating: 1, count: 100_000))
            batch.put(.data, [1], [UInt8](repeating: 2, count: 10_000))
            try engine.write(batch, durability: .buffered)
            try engine.close()
            let reopened = try subject.open(path)
            #expect(try reopened.get(.data, [1])?.count == 10_000)
            try reopened.close()
        }
    }

    /// It lies on pages of its own, which opening does not read.
    @Test func `a flipped bit within a large value is corrupt, and can be deleted`() throws {
        try withScratch { path in
            let engine = try subject.open(path)
            let value = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try engine.put([1], Row.value(1))
            try engine.put([2], value)
            try engine.close()
            let file = path + "/data.mdb"
            let place = try #require(
                Data(contentsOf: URL(fileURLWithPath: file)).range(of: Data(value[50_000..<50_100])))
            try Damage.flip(byte: place.lowerBound, bit: 3).apply(file)

            let damaged = try subject.open(path)
            #expect(try damaged.get(.data, [1]) == Row.value(1))
            #expect(engineError { _ = try damaged.get(.data, [2]) } == .corruption)
            #expect(engineError { _ = try damaged.scan(.data, .all) } == .corruption)
            try damaged.deleteRange(.data, KeyRange(lower: [2], upper: [3]))
            #expect(try damaged.scan(.data, .all).rows.map(\.key) == [[1]])
            try damaged.close()
        }
    }

    @Test func `closing waits for the readers at work`() async throws {
        try await withScratch { path in
            let engine = try subject.open(path)
            try engine.put([1], Row.value(100))
            let (reading, isReading) = AsyncStream<Void>.makeStream()
            let gate = Gate()
            let closed = Gate()
            async let value = onThread {
                try engine.withResidentValue(.data, [1]) { (span) throws(EngineError) in
                    isReading.yield()
                    gate.wait()
                    // The map is still there.
                    let bytes = if let span { [UInt8](copying: span) } else { [UInt8]() }
                    return (bytes, closed.isOpen)
                }
            }
            for await _ in reading { break }
            async let closing: Void = onThread {
                try engine.close()
                closed.open()
            }
            while engineError({ _ = try engine.get(.data, [1]) }) != .closed { await Task.yield() }
            gate.open()
            let (bytes, wasClosed) = try #require(try await value)
            try await closing
            #expect(bytes == Row.value(100) && !wasClosed)
            try subject.open(path).close()
        }
    }
}
#endif
