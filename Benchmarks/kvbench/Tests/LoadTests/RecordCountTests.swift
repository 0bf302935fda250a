import Testing
import Workloads

@testable import Load

@Suite(.timeLimit(.minutes(1))) struct RecordCountTests {
    @Test func `those that are not there are not held`() {
        let records = RecordCount(100)
        #expect(records.held == 100)
        records.note(7, isThere: false)
        records.note(99, isThere: false)
        records.note(7, isThere: false)
        #expect((records.held, records.count) == (98, 100))
        records.note(7, isThere: true)
        records.note(50, isThere: true)
        #expect((records.held, records.count) == (99, 100))
    }

    @Test func `an insert counts when those before it have ended, and is held if it went well`() {
        let records = RecordCount(10)
        let inserted = (0..<3).map { _ in records.insert() }
        #expect(inserted == [10, 11, 12])
        records.end(12, isThere: true)
        #expect((records.held, records.count) == (10, 10))
        records.end(10, isThere: false)
        #expect((records.held, records.count) == (10, 11))
        records.end(11, isThere: true)
        #expect((records.held, records.count) == (12, 13))
    }

    /// A hundred thousand changes of a few records, held against a set.
    @Test func `it agrees with a set`() {
        var random = SplitMix64(seed: 3)
        let records = RecordCount(500)
        var held = Set(0..<500)
        for _ in 0..<100_000 {
            let (record, isThere) = (random.next(below: 500), random.next(below: 2) == 0)
            records.note(record, isThere: isThere)
            if isThere { held.insert(record) } else { held.remove(record) }
            guard records.held == held.count else { break }
        }
        #expect(records.held == held.count)
    }

    @Test func `operations that are done and fail change what is held`() throws {
        let server = try FakeServer { listener in
            let peer = try listener.accept()
            _ = try peer.readSet()
            try peer.send("+OK\r\n")
            _ = try peer.readSet()
            try peer.send("-ERR full\r\n")
            _ = try peer.readSet()
            try peer.send("+OK\r\n")
        }
        let records = RecordCount(100)
        _ = try Load.run(.test([server.address], Mix(insert: 100), operations: 3), records: records)
        try server.result()
        #expect((records.count, records.held) == (103, 102))
    }

    @Test func `records that are deleted are held no more`() throws {
        let server = try FakeServer { listener in
            let peer = try listener.accept()
            for _ in 0..<5 {
                _ = try peer.read(exactly: Peer.getSize)
                try peer.send(":1\r\n")
            }
        }
        let records = RecordCount(100_000)
        let plan = LoadPlan.test([server.address], Mix(delete: 100), operations: 5)
        _ = try Load.run(plan, records: records)
        try server.result()
        // Few of so many meet each other.
        #expect((99_995...99_998).contains(records.held))
    }
}
