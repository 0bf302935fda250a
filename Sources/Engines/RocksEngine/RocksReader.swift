#if RocksDB
import CRocksDB
import Engine
import Glibc

/// Reads of an open database with some read options: those of the moment, or those of a snapshot.
struct RocksReader: EngineReader {
    let handle: RocksHandle
    let snapshot: OpaquePointer?
    let options: OpaquePointer

    /// Reads what is there at each call.
    init(_ handle: RocksHandle) {
        self.handle = handle
        snapshot = nil
        options = handle.options.read
    }

    /// Reads at `snapshot`, with options made for it.
    init(_ handle: RocksHandle, snapshot: OpaquePointer, options: OpaquePointer) {
        self.handle = handle
        self.snapshot = snapshot
        self.options = options
    }

    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        let slice = try key.withKeyBytes { (key) throws(EngineError) in
            try handle.check {
                rocksdb_get_pinned_cf(
                    handle.database, options, handle.family(keyspace), key.chars, key.count, $0)
            }
        }
        return try lend(slice, body)
    }

    func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        // A snapshot's options have no twin without disk reads.
        if snapshot != nil { return nil }
        var failure: UnsafeMutablePointer<CChar>?
        let slice = try key.withKeyBytes { (key) throws(EngineError) in
            rocksdb_get_pinned_cf(
                handle.database, handle.options.readResident, handle.family(keyspace), key.chars, key.count,
                &failure)
        }
        if let failure {
            if strncmp(failure, "Result incomplete", 17) == 0 {
                rocksdb_free(failure)
                return nil
            }
            throw take(failure, handle.path)!
        }
        return try lend(slice, body)
    }

    private func lend<R>(
        _ slice: OpaquePointer?, _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        guard let slice else { return try body(nil) }
        defer { rocksdb_pinnableslice_destroy(slice) }
        var count = 0
        let bytes = rocksdb_pinnableslice_value(slice, &count)
        return try body(UnsafeRawBufferPointer(start: bytes, count: count).bytes)
    }

    func multiGet(
        _ keyspace: Keyspace, _ keys: [[UInt8]], _ body: (Int, RawSpan?) throws(EngineError) -> Void
    ) throws(EngineError) {
        for key in keys { try EngineLimits.check(keyCount: key.count) }
        var values = [OpaquePointer?](repeating: nil, count: keys.count)
        var failures = [UnsafeMutablePointer<CChar>?](repeating: nil, count: keys.count)
        let sizes = keys.map(\.count)
        keys.flatMap(\.self).withUnsafeBytes { bytes in
            var offset = 0
            let starts = sizes.map { size in
                defer { offset += size }
                return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size]).chars
            }
            rocksdb_batched_multi_get_cf(
                handle.database, options, handle.family(keyspace), keys.count, starts, sizes, &values,
                &failures, false)
        }
        defer { for value in values where value != nil { rocksdb_pinnableslice_destroy(value) } }
        // All of the messages are the library's to free, the first is the one to throw.
        let errors = failures.compactMap { take($0, handle.path) }
        if let error = errors.first { throw error }
        for index in keys.indices {
            guard let value = values[index] else {
                try body(index, nil)
                continue
            }
            var count = 0
            let bytes = rocksdb_pinnableslice_value(value, &count)
            try body(index, UnsafeRawBufferPointer(start: bytes, count: count).bytes)
        }
    }

    func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        if range.isEmpty { return nil }
        var cursor = RocksCursor(handle, keyspace, range, reverse: reverse, snapshot: snapshot)
        return try visit(&cursor, range: range, reverse: reverse, limit: limit, body)
    }
}

/// An iterator within bounds, which the library keeps to itself.
private struct RocksCursor: PairCursor, ~Copyable {
    private let iterator: OpaquePointer
    private let options: OpaquePointer
    /// The library borrows the bounds' memory for the iterator's life.
    private let bounds: UnsafeMutableRawBufferPointer
    private let path: String
    private let reverse: Bool
    private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
    private(set) var value = UnsafeRawBufferPointer(start: nil, count: 0)

    init(
        _ handle: RocksHandle, _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool,
        snapshot: OpaquePointer?
    ) {
        self.reverse = reverse
        path = handle.path
        options = handle.options.makeReadOptions(snapshot: snapshot)
        let upper = range.upper ?? []
        let lowerCount = range.lower.count
        bounds = .allocate(byteCount: lowerCount + upper.count, alignment: 1)
        bounds.copyBytes(from: range.lower)
        UnsafeMutableRawBufferPointer(rebasing: bounds[lowerCount...]).copyBytes(from: upper)
        let start = UnsafeRawBufferPointer(bounds).chars
        if lowerCount > 0 { rocksdb_readoptions_set_iterate_lower_bound(options, start, lowerCount) }
        if let start, range.upper != nil {
            rocksdb_readoptions_set_iterate_upper_bound(options, start + lowerCount, upper.count)
        }
        iterator = rocksdb_create_iterator_cf(handle.database, options, handle.family(keyspace))
    }

    deinit {
        rocksdb_iter_destroy(iterator)
        rocksdb_readoptions_destroy(options)
        bounds.deallocate()
    }

    mutating func start() throws(EngineError) -> Bool {
        if reverse { rocksdb_iter_seek_to_last(iterator) } else { rocksdb_iter_seek_to_first(iterator) }
        return try load()
    }

    mutating func advance() throws(EngineError) -> Bool {
        if reverse { rocksdb_iter_prev(iterator) } else { rocksdb_iter_next(iterator) }
        return try load()
    }

    private mutating func load() throws(EngineError) -> Bool {
        guard rocksdb_iter_valid(iterator) != 0 else { return false }
        var count = 0
        let keyBytes = rocksdb_iter_key(iterator, &count)
        key = UnsafeRawBufferPointer(start: keyBytes, count: count)
        let valueBytes = rocksdb_iter_value(iterator, &count)
        value = UnsafeRawBufferPointer(start: valueBytes, count: count)
        return true
    }

    /// The library ends the iteration at a damaged block, and tells only here.
    func checkError() throws(EngineError) {
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_iter_get_error(iterator, &failure)
        if let error = take(failure, path) { throw error }
    }
}
#endif
