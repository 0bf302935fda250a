/// Reads of one state of all keyspaces, which nobody changes.
struct MemoryReader: EngineReader {
    let maps: [OrderedMap]

    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try EngineLimits.check(keyCount: key.count)
        return try Self.lend(maps[Int(keyspace.rawValue)][key], body)
    }

    static func lend<R>(
        _ value: [UInt8]?, _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        guard let value else { return try body(nil) }
        return try body(value.span.bytes)
    }

    func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        try withValue(keyspace, key, body)
    }

    func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        if range.isEmpty { return nil }
        var rows = 0
        var bytes = 0
        var last: [UInt8]?
        var rest: KeyRange?
        try maps[Int(keyspace.rawValue)].forEach(in: range, reverse: reverse) {
            (key, value) throws(EngineError) in
            if let last {
                // The page has ended; this row only shows that there is more.
                rest =
                    reverse
                    ? KeyRange(lower: range.lower, upper: last) : KeyRange(lower: key, upper: range.upper)
                return false
            }
            rows += 1
            bytes += key.count + value.count
            let step = try body(key.span.bytes, value.span.bytes)
            if step == .stop || rows >= limit.rows || bytes >= limit.bytes { last = key }
            return true
        }
        return rest
    }
}
