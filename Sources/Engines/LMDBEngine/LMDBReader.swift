#if LMDB
import CLMDB
import Engine

/// Reads in one read transaction.
struct LMDBReader: EngineReader {
    let environment: LMDBEnvironment
    let transaction: OpaquePointer

    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        var stored = MDB_val()
        var value: UnsafeRawBufferPointer?
        let code = try key.withKeyBytes { (bytes) throws(EngineError) in
            var key = MDB_val(bytes)
            let code = mdb_get(transaction, environment.database(keyspace), &key, &stored)
            if code == 0 { value = LMDBRow.value(stored.bytes, of: bytes) }
            return code
        }
        if code == MDB_NOTFOUND { return try body(nil) }
        try environment.check(code)
        guard let value else { throw environment.damagedRow(keyspace) }
        return try body(value.bytes)
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
        var cursor = try LMDBCursor(self, keyspace, range, reverse: reverse, checksValues: true)
        return try visit(&cursor, range: range, reverse: reverse, limit: limit, body)
    }

    /// The keys in ascending order, whatever has become of their values.
    func scanKeys(
        _ keyspace: Keyspace, _ range: KeyRange, limit: ScanLimit, _ body: (RawSpan) -> Void
    ) throws(EngineError) -> KeyRange? {
        if range.isEmpty { return nil }
        var cursor = try LMDBCursor(self, keyspace, range, reverse: false, checksValues: false)
        return try visit(&cursor, range: range, reverse: false, limit: limit) {
            (key, _) throws(EngineError) in
            body(key)
            return .next
        }
    }
}

/// A cursor that stops at the bounds of a range.
private struct LMDBCursor: PairCursor, ~Copyable {
    private let cursor: OpaquePointer
    private let environment: LMDBEnvironment
    private let keyspace: Keyspace
    private let range: KeyRange
    private let reverse: Bool
    private let checksValues: Bool
    private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
    private(set) var value = UnsafeRawBufferPointer(start: nil, count: 0)

    init(
        _ reader: LMDBReader, _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, checksValues: Bool
    ) throws(EngineError) {
        var opened: OpaquePointer?
        try reader.environment.check(
            mdb_cursor_open(reader.transaction, reader.environment.database(keyspace), &opened))
        cursor = opened!
        environment = reader.environment
        self.keyspace = keyspace
        self.range = range
        self.reverse = reverse
        self.checksValues = checksValues
    }

    deinit { mdb_cursor_close(cursor) }

    mutating func start() throws(EngineError) -> Bool {
        guard try findFirst() else { return false }
        try takeValue()
        return true
    }

    mutating func advance() throws(EngineError) -> Bool {
        guard try move(reverse ? MDB_PREV : MDB_NEXT) else { return false }
        try takeValue()
        return true
    }

    private mutating func findFirst() throws(EngineError) -> Bool {
        if reverse {
            guard let upper = range.upper else { return try move(MDB_LAST) }
            // On the first key that is not below the upper bound, or nowhere.
            return try seek(upper) ? try move(MDB_PREV) : try move(MDB_LAST)
        }
        if range.lower.isEmpty { return try move(MDB_FIRST) }
        return try seek(range.lower) && isInside
    }

    /// The pair under the cursor is one of the page's.
    private mutating func takeValue() throws(EngineError) {
        guard checksValues else { return }
        guard let value = LMDBRow.value(value, of: key) else { throw environment.damagedRow(keyspace) }
        self.value = value
    }

    /// The library's moves fail on their own.
    func checkError() throws(EngineError) {}

    private mutating func seek(_ bound: [UInt8]) throws(EngineError) -> Bool {
        var value = MDB_val()
        return try bound.span.bytes.withUnsafeBytes { (bound) throws(EngineError) in
            var key = MDB_val(bound)
            return try load(mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE), key, value)
        }
    }

    private mutating func move(_ operation: MDB_cursor_op) throws(EngineError) -> Bool {
        var key = MDB_val()
        var value = MDB_val()
        let code = mdb_cursor_get(cursor, &key, &value, operation)
        return try load(code, key, value) && isInside
    }

    private mutating func load(_ code: Int32, _ key: MDB_val, _ value: MDB_val) throws(EngineError) -> Bool {
        if code == MDB_NOTFOUND { return false }
        try environment.check(code)
        self.key = key.bytes
        self.value = value.bytes
        return true
    }

    private var isInside: Bool {
        if reverse { return !key.precedes(range.lower) }
        guard let upper = range.upper else { return true }
        return key.precedes(upper)
    }
}

extension MDB_val {
    /// Bytes that the library only reads.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: mv_data, count: mv_size) }
}
#endif
