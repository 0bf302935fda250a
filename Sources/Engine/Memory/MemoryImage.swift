/// What all keyspaces hold, as a value in memory: a copy is a snapshot, made in no time.
public struct MemoryImage: EngineReader, @unchecked Sendable {
    // Sendable: copies share nodes, and a node with more than one owner is copied before it is changed (see OrderedMap).

    /// One for each keyspace.
    var maps: [OrderedMap]

    init(maps: [OrderedMap]) { self.maps = maps }

    /// Nothing.
    public init() { self.init(maps: Keyspace.allCases.map { _ in OrderedMap() }) }

    /// Applies all of `batch`, or nothing if a key or value of it has a size that no engine takes.
    public mutating func apply(_ batch: WriteBatch) throws(EngineError) {
        try batch.forEach { (_, key, value) throws(EngineError) in
            try EngineLimits.check(keyCount: key.byteCount)
            if let value { try EngineLimits.check(valueCount: value.byteCount) }
        }
        try batch.forEach { (keyspace, key, value) throws(EngineError) in
            let index = Int(keyspace.rawValue)
            if let value {
                maps[index].put([UInt8](copying: key), [UInt8](copying: value))
            } else {
                maps[index].remove([UInt8](copying: key))
            }
        }
    }

    /// Removes every key of `range`.
    public mutating func remove(_ keyspace: Keyspace, _ range: KeyRange) {
        if range.isEmpty { return }
        var keys: [[UInt8]] = []
        maps[Int(keyspace.rawValue)].forEach(in: range, reverse: false) { key, _ in
            keys.append(key)
            return true
        }
        for key in keys { maps[Int(keyspace.rawValue)].remove(key) }
    }

    public func withValue<R>(
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

    public func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        try withValue(keyspace, key, body)
    }

    public func scan(
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
