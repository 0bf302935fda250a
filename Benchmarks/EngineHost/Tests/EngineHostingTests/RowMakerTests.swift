import ClusterCore
import Testing

@testable import EngineHosting

@Suite struct RowMakerTests {
    @Test func `a key is that of a replica`() throws {
        let rows = RowMaker(bucket: "bench", coordinators: 3)
        let key = try #require(StorageKey(bytes: rows.key(Array("user1".utf8))))
        #expect(key == StorageKey(bucket: "bench", key: Array("user1".utf8), partitionCount: 256))
        #expect(key.bucket == "bench")
        #expect(key.key == Array("user1".utf8))
    }

    @Test func `a state is what a replica decodes: the value, and all that have written`() throws {
        var rows = RowMaker(bucket: "bench", coordinators: 3)
        let value: [UInt8] = [1, 2, 3]
        var actors: Set<UInt64> = []
        for _ in 0..<3 {
            let versions = try VersionsCodec.decode(rows.state(value, isNew: false))
            #expect(versions.context.entries.count == 3)
            let sibling = try #require(versions.siblings.first)
            #expect(versions.siblings.count == 1)
            #expect(sibling.content == .value(value, contentType: ""))
            #expect(sibling.timestamp.milliseconds > 1_700_000_000_000)
            #expect(versions.context.covers(sibling.dot))
            actors.insert(sibling.dot.actor)
        }
        #expect(actors.count == 3, "each coordinator writes in its turn")
    }

    @Test func `a new key has one writer, a deleted one no value`() throws {
        var rows = RowMaker(bucket: "bench", coordinators: 3)
        let new = try VersionsCodec.decode(rows.state([7], isNew: true))
        #expect(new.context.entries.count == 1)
        let deleted = try VersionsCodec.decode(rows.state(nil, isNew: false))
        #expect(deleted.siblings.map(\.content) == [.tombstone])
        #expect(deleted.context.entries.count == 3)
    }

    @Test func `each key lies in one of the ranges of its prefix`() {
        let rows = RowMaker(bucket: "bench", coordinators: 1)
        let ranges = rows.ranges(Array("user".utf8))
        #expect(ranges.count == 256)
        for number in 0..<100 {
            let key = rows.key(Array("user\(number)".utf8))
            #expect(ranges.filter { key.starts(with: $0) }.count == 1)
            #expect(!ranges.contains { rows.key(Array("other\(number)".utf8)).starts(with: $0) })
        }
    }
}
