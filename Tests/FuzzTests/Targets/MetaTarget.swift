@testable import ClusterCore

extension FuzzTarget {
    /// What a node keeps besides its rows: hints, hash trees, clocks, the progress of copies, buckets, what it says of its disk.
    static let meta = FuzzTarget("meta", heap: HeapAllowance(perByte: 64, base: 256 << 10)) { bytes in
        var input = Input(bytes)
        let kind = input.byte()
        let rest = input.all()
        switch kind % 6 {
        case 0: return try MetaTarget.checkHints(rest)
        case 1: return try MetaTarget.checkTree(rest)
        case 2:
            guard let progress = try? FillProgress.decode(rest) else { return false }
            try claim(try FillProgress.decode(progress.encoded()) == progress, "copies' progress changes")
            return true
        case 3: return try MetaTarget.check(rest, PartitionClock.decode) { $0.encode(into: &$1) }
        case 4: return try MetaTarget.check(rest, Standing.decode) { $0.encode(into: &$1) }
        default:
            var reader = ByteReader(rest)
            guard let table = try? BucketTable.decode(&reader) else { return false }
            var writer = ByteWriter()
            table.encode(into: &writer)
            var again = ByteReader(writer.bytes)
            // Buckets may have come in any order.
            try claim(try BucketTable.decode(&again) == table, "a table that was written is read as another")
            var merged = table
            try claim(!merged.merge(table), "a table has news for itself")
            return true
        }
    }
}

private enum MetaTarget {
    static func checkHints(_ bytes: [UInt8]) throws -> Bool {
        guard let record = try? HintRecordCodec.decode(bytes) else { return false }
        try claim(HintRecordCodec.encode(record) == bytes, "hints that were read are written otherwise")
        if let summary = HintRecordCodec.summary(Array(bytes.prefix(HintRecordCodec.summarySize))) {
            try claim(
                summary.count == record.hints.count && summary.oldestMillis == record.oldestMillis,
                "a summary that is not the hints'")
        }
        var again = record
        for hint in record.hints { again.add(hint) }
        try claim(again.hints.map(\.key) == record.hints.map(\.key), "a hint is there twice")
        for hint in again.hints { _ = again.remove(hint) }
        try claim(again.isEmpty, "a hint that was taken back is there")
        return true
    }

    /// An undamaged tree has a check at its end, which chance does not hit: it is put there.
    static func checkTree(_ bytes: [UInt8]) throws -> Bool {
        var isTaken = false
        for shape in [TreeShape(partitionCount: 65_536), TreeShape(partitionCount: 4096)] {
            if try checkTree(bytes, shape) { isTaken = true }
            var body = ByteWriter()
            body.raw(bytes)
            body.u64(hash64(bytes))
            if try checkTree(body.bytes, shape) { isTaken = true }
        }
        return isTaken
    }

    private static func checkTree(_ bytes: [UInt8], _ shape: TreeShape) throws -> Bool {
        guard let tree = try? HashTree.decode(bytes, shape: shape) else { return false }
        try claim(tree.encoded() == bytes, "a hash tree that was read is written otherwise")
        return true
    }

    /// What was read takes as many bytes to write, and just those.
    static func check<Value>(
        _ bytes: [UInt8], _ decode: (inout ByteReader) throws -> Value,
        _ encode: (Value, inout ByteWriter) -> Void
    ) throws -> Bool {
        var reader = ByteReader(bytes)
        guard let value = try? decode(&reader) else { return false }
        var writer = ByteWriter()
        encode(value, &writer)
        try claim(
            Array(bytes.dropLast(reader.remaining)) == writer.bytes,
            "a \(Value.self) that was read is written otherwise")
        return true
    }
}
