import ClusterCore
import Testing

@Suite struct BucketTableTests {
    private func table(
        _ entries: [(bucket: String, n: Int, time: UInt64, node: NodeID)]
    ) throws(RequestError) -> BucketTable {
        var table = BucketTable()
        for entry in entries {
            try table.set(
                BucketProperties(n: entry.n, r: 1, w: 1), of: entry.bucket,
                timestamp: Timestamp(rawValue: entry.time), node: entry.node)
        }
        return table
    }

    @Test func theLatestSettingWins() throws {
        let old = try table([("a", 1, 10, nodeB)])
        let new = try table([("a", 2, 11, nodeA)])
        var one = old
        let oneChanged = one.merge(new)
        var two = new
        let twoChanged = two.merge(old)
        #expect(oneChanged && !twoChanged)
        #expect(one == two)
        #expect(one.properties(of: "a")?.n == 2)
        #expect(one.properties(of: "b") == nil)
    }

    @Test func theNodeDecidesBetweenSettingsOfTheSameTime() throws {
        var one = try table([("a", 1, 10, nodeB)])
        one.merge(try table([("a", 2, 10, nodeA)]))
        #expect(one.properties(of: "a")?.n == 1)
        // Only a clock that went backwards can make this; the tables agree all the same.
        var two = try table([("a", 3, 10, nodeB)])
        let oneChanged = one.merge(two)
        let twoChanged = two.merge(one)
        #expect(oneChanged != twoChanged)
        #expect(one == two)
    }

    @Test func aSettingReplacesWhatItsNodeKnewEvenIfItsClockLags() throws {
        let before = try table([("a", 1, 100, nodeC)])
        var after = before
        try after.set(
            BucketProperties(n: 2, r: 1, w: 1), of: "a", timestamp: Timestamp(rawValue: 5), node: nodeA)
        var merged = before
        merged.merge(after)
        #expect(merged.properties(of: "a")?.n == 2)
    }

    @Test func mergeIsCommutativeAssociativeAndIdempotent() throws {
        var random = QuorumRandom(seed: 7)
        for _ in 0..<500 {
            var tables = [BucketTable(), BucketTable(), BucketTable()]
            for index in tables.indices {
                for _ in 0..<random.below(4) {
                    try tables[index].set(
                        BucketProperties(n: 1 + random.below(3), r: 1, w: 1),
                        of: ["a", "b"][random.below(2)],
                        timestamp: Timestamp(rawValue: UInt64(random.below(3))),
                        node: threeNodes[random.below(3)])
                }
            }
            let results = permutations(tables).map { order in
                order.reduce(into: BucketTable()) { $0.merge($1) }
            }
            #expect(results.allSatisfy { $0 == results[0] })
            var right = tables[1]
            right.merge(tables[2])
            var grouped = tables[0]
            grouped.merge(right)
            #expect(grouped == results[0])
            let changed = grouped.merge(tables[1])
            #expect(!changed)
        }
    }

    @Test func refusesOneBucketTooManyButKeepsWhatOthersAcknowledged() throws {
        var full = BucketTable()
        for number in 0..<BucketTable.maximumCount {
            try full.set(
                BucketProperties(), of: "b\(number)", timestamp: Timestamp(rawValue: 1), node: nodeA)
        }
        #expect(throws: RequestError.self) {
            try full.set(BucketProperties(), of: "more", timestamp: Timestamp(rawValue: 1), node: nodeA)
        }
        try full.set(
            BucketProperties(n: 1, r: 1, w: 1), of: "b7", timestamp: Timestamp(rawValue: 2), node: nodeA)
        #expect(full.properties(of: "b7")?.n == 1)
        full.merge(try table([("other", 1, 1, nodeB)]))
        #expect(full.count == BucketTable.maximumCount + 1)
    }

    @Test(arguments: ["", String(repeating: "x", count: 29), String(repeating: "é", count: 15)])
    func refusesABadName(name: String) {
        var table = BucketTable()
        #expect(throws: RequestError.self) {
            try table.set(BucketProperties(), of: name, timestamp: Timestamp(rawValue: 1), node: nodeA)
        }
        #expect(table == BucketTable())
    }

    @Test func refusesPropertiesThatNoLayoutCanHave() {
        var table = BucketTable()
        #expect(throws: RequestError.self) {
            try table.set(BucketProperties(n: 300), of: "a", timestamp: Timestamp(rawValue: 1), node: nodeA)
        }
    }

    @Test func roundTrips() throws {
        var table = try table([("a", 1, 10, nodeB), ("b", 3, 12, nodeA)])
        try table.set(
            BucketProperties(
                n: 64, r: 3, w: 64, policy: .lastWriteWins, quorum: .sloppy, ttlSeconds: 3_153_600_000),
            of: String(repeating: "é", count: 14), timestamp: Timestamp(rawValue: .max), node: nodeC)
        for table in [table, BucketTable()] {
            var reader = ByteReader(bytes(of: table))
            #expect(try BucketTable.decode(&reader) == table)
            #expect(reader.isAtEnd)
        }
    }

    @Test func refusesWhatIsCutOffOrOfAnotherVersion() throws {
        let bytes = bytes(of: try table([("a", 1, 10, nodeB), ("b", 3, 12, nodeA)]))
        for length in 0..<bytes.count {
            #expect(throws: CodecError.self) { try decode(Array(bytes.prefix(length))) }
        }
        #expect(throws: CodecError(.unknownVersion(2), "the bucket table")) {
            try decode([2] + bytes.dropFirst())
        }
    }

    @Test func refusesEntriesThatNoNodeWrites() throws {
        let bytes = bytes(of: try table([("a", 3, 10, nodeB)]))
        // The bytes after version, count, and the name with its length: n, r, w, policy, quorum, four of the ttl.
        for (offset, value) in [(7, 0), (7, 65), (8, 0), (8, 4), (9, 4), (10, 9), (11, 9), (12, 255)] {
            var damaged = bytes
            damaged[offset] = UInt8(value)
            #expect(throws: CodecError.self, "byte \(offset) = \(value)") { try decode(damaged) }
        }
        var twice = ByteWriter()
        twice.u8(1)
        twice.u32(2)
        twice.raw(Array(bytes.dropFirst(5)))
        twice.raw(Array(bytes.dropFirst(5)))
        #expect(throws: CodecError.self) { try decode(twice.bytes) }
    }

    private func bytes(of table: BucketTable) -> [UInt8] {
        var writer = ByteWriter()
        table.encode(into: &writer)
        return writer.bytes
    }

    private func decode(_ bytes: [UInt8]) throws(CodecError) -> BucketTable {
        var reader = ByteReader(bytes)
        return try BucketTable.decode(&reader)
    }
}
