#if LevelDB
import CLevelDB
import Engine

/// Reads of an open database with some read options: those of the moment, or those of a snapshot.
struct LevelReader: EngineReader {
    let handle: LevelHandle
    let options: OpaquePointer

    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        var count = 0
        var failure: UnsafeMutablePointer<CChar>?
        let value = try LevelKey.with(keyspace, key) {
            leveldb_get(handle.database, options, $0.chars, $0.count, &count, &failure)
        }
        if let error = take(failure, handle.path) { throw error }
        guard let value else { return try body(nil) }
        defer { leveldb_free(value) }
        return try body(UnsafeRawBufferPointer(start: value, count: count).bytes)
    }

    /// The library cannot say whether it will read a disk.
    func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        nil
    }

    func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        if range.isEmpty { return nil }
        var cursor = LevelCursor(handle, keyspace, range, reverse: reverse, options: options)
        return try visit(&cursor, range: range, reverse: reverse, limit: limit, body)
    }
}

/// An iterator that stops at the bounds of a range; its keys are without the keyspace's byte.
private struct LevelCursor: PairCursor, ~Copyable {
    private let iterator: OpaquePointer
    private let lower: [UInt8]
    private let upper: [UInt8]
    private let path: String
    private let reverse: Bool
    private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
    private(set) var value = UnsafeRawBufferPointer(start: nil, count: 0)

    init(
        _ handle: LevelHandle, _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, options: OpaquePointer
    ) {
        (lower, upper) = LevelKey.bounds(keyspace, range)
        self.reverse = reverse
        path = handle.path
        iterator = leveldb_create_iterator(handle.database, options)
    }

    deinit { leveldb_iter_destroy(iterator) }

    mutating func start() throws(EngineError) -> Bool {
        seek(reverse ? upper : lower)
        if reverse {
            // On the first key that is not below the upper bound, or nowhere.
            if leveldb_iter_valid(iterator) != 0 {
                leveldb_iter_prev(iterator)
            } else {
                leveldb_iter_seek_to_last(iterator)
            }
        }
        return try load()
    }

    mutating func advance() throws(EngineError) -> Bool {
        if reverse { leveldb_iter_prev(iterator) } else { leveldb_iter_next(iterator) }
        return try load()
    }

    private func seek(_ bound: [UInt8]) {
        bound.span.bytes.withUnsafeBytes { leveldb_iter_seek(iterator, $0.chars, $0.count) }
    }

    private mutating func load() throws(EngineError) -> Bool {
        guard leveldb_iter_valid(iterator) != 0 else { return false }
        var count = 0
        let keyBytes = leveldb_iter_key(iterator, &count)
        let stored = UnsafeRawBufferPointer(start: keyBytes, count: count)
        let isInside =
            reverse
            ? !stored.precedes(lower)
            : stored.precedes(upper)
        guard isInside else { return false }
        key = UnsafeRawBufferPointer(rebasing: stored[1...])
        let valueBytes = leveldb_iter_value(iterator, &count)
        value = UnsafeRawBufferPointer(start: valueBytes, count: count)
        return true
    }

    /// The library goes on behind a damaged block, and tells only here.
    func checkError() throws(EngineError) {
        var failure: UnsafeMutablePointer<CChar>?
        leveldb_iter_get_error(iterator, &failure)
        if let error = take(failure, path) { throw error }
    }
}
#endif
