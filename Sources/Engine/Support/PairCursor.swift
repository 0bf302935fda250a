/// A library's iterator over one range in one direction, as ``visit(_:range:reverse:limit:_:)`` drives it.
package protocol PairCursor: ~Copyable {
    /// Moves to the range's first pair in the cursor's direction; false if there is none.
    mutating func start() throws(EngineError) -> Bool
    /// Moves to the next pair in the cursor's direction; false behind the last.
    mutating func advance() throws(EngineError) -> Bool
    /// Throws if the library has left out pairs on the way, as it may where a block is damaged.
    func checkError() throws(EngineError)
    /// The pair under the cursor, valid until the cursor moves.
    var key: UnsafeRawBufferPointer { get }
    var value: UnsafeRawBufferPointer { get }
}

/// One page of a scan, whole or an error, by the rules of ``EngineReader/scan(_:_:reverse:limit:_:)``, over any library's cursor.
package func visit<Cursor: PairCursor & ~Copyable>(
    _ cursor: inout Cursor, range: KeyRange, reverse: Bool, limit: ScanLimit,
    _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
) throws(EngineError) -> KeyRange? {
    let rest = try visitRows(&cursor, range: range, reverse: reverse, limit: limit, body)
    try cursor.checkError()
    return rest
}

private func visitRows<Cursor: PairCursor & ~Copyable>(
    _ cursor: inout Cursor, range: KeyRange, reverse: Bool, limit: ScanLimit,
    _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
) throws(EngineError) -> KeyRange? {
    guard try cursor.start() else { return nil }
    var rows = 0
    var bytes = 0
    while true {
        let key = cursor.key
        let value = cursor.value
        rows += 1
        bytes += key.count + value.count
        let step = try body(key.bytes, value.bytes)
        guard step == .stop || rows >= limit.rows || bytes >= limit.bytes else {
            guard try cursor.advance() else { return nil }
            continue
        }
        if reverse {
            let last = [UInt8](key)
            return try cursor.advance() ? KeyRange(lower: range.lower, upper: last) : nil
        }
        return try cursor.advance() ? KeyRange(lower: [UInt8](cursor.key), upper: range.upper) : nil
    }
}
