#if RocksDB
import CRocksDB
import Engine
import Glibc

/// One open database: the library's handles, released by ``shut()``.
final class RocksHandle: GatedHandle {
    let database: OpaquePointer
    let options: RocksOptions
    let path: String
    /// The writing thread's batch, reused.
    private var batch: OpaquePointer
    /// In the order of the keyspaces' raw values.
    private let families: [OpaquePointer]
    private let defaultFamily: OpaquePointer

    init(path: String, options: EngineOptions, _ recovery: LogRecovery) throws(EngineError) {
        if recovery == .strict { try RocksLog.check(path) }
        let own = RocksOptions(options, recovery)
        // The library insists on its own "default" being opened.
        let names = ["default"] + Keyspace.allCases.map(\.name)
        let cNames = names.map { $0.withCString { strdup($0) } }
        defer { for name in cNames { free(name) } }
        var handles = [OpaquePointer?](repeating: nil, count: names.count)
        var failure: UnsafeMutablePointer<CChar>?
        let opened = rocksdb_open_column_families(
            own.base, path, Int32(names.count), cNames.map { UnsafePointer($0) },
            [OpaquePointer?](repeating: own.base, count: names.count), &handles, &failure)
        if let error = take(failure, path) { throw error }
        database = opened!
        batch = rocksdb_writebatch_create()
        self.options = own
        self.path = path
        defaultFamily = handles[0]!
        families = handles.dropFirst().map { $0! }
    }

    func shut() {
        for family in [defaultFamily] + families { rocksdb_column_family_handle_destroy(family) }
        rocksdb_writebatch_destroy(batch)
        rocksdb_close(database)
    }

    func family(_ keyspace: Keyspace) -> OpaquePointer { families[Int(keyspace.rawValue)] }

    // MARK: Writes

    func write(_ operations: WriteBatch, durability: Durability) throws(EngineError) {
        defer { clearBatch() }
        try operations.forEach { (keyspace, key, value) throws(EngineError) in
            try EngineLimits.check(keyCount: key.byteCount)
            let family = family(keyspace)
            guard let value else {
                key.withUnsafeBytes { rocksdb_writebatch_delete_cf(batch, family, $0.chars, $0.count) }
                return
            }
            try EngineLimits.check(valueCount: value.byteCount)
            key.withUnsafeBytes { key in
                value.withUnsafeBytes { value in
                    rocksdb_writebatch_put_cf(batch, family, key.chars, key.count, value.chars, value.count)
                }
            }
        }
        try commitBatch(durability)
    }

    func deleteRange(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) {
        defer { clearBatch() }
        let upper = range.upper ?? KeyRange.aboveEveryKey
        range.lower.span.bytes.withUnsafeBytes { lower in
            upper.span.bytes.withUnsafeBytes { upper in
                rocksdb_writebatch_delete_range_cf(
                    batch, family(keyspace), lower.chars, lower.count, upper.chars, upper.count)
            }
        }
        try commitBatch(.buffered)
    }

    private func commitBatch(_ durability: Durability) throws(EngineError) {
        let write = durability == .synced ? options.writeSynced : options.writeBuffered
        try check { rocksdb_write(database, write, batch, $0) }
    }

    private func clearBatch() {
        var size = 0
        _ = rocksdb_writebatch_data(batch, &size)
        if size <= 4 << 20 {
            rocksdb_writebatch_clear(batch)
        } else {
            // Clearing would keep a huge batch's memory for ever.
            rocksdb_writebatch_destroy(batch)
            batch = rocksdb_writebatch_create()
        }
    }

    // MARK: Calls that report an error

    /// Runs one call of the library and throws what it reports.
    @inline(__always)
    func check<R>(
        _ call: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) throws(EngineError) -> R {
        var failure: UnsafeMutablePointer<CChar>?
        let result = call(&failure)
        if let error = take(failure, path) { throw error }
        return result
    }
}

/// The library's error message as an error; frees it. Nil if there is none.
func take(_ message: UnsafeMutablePointer<CChar>?, _ path: String) -> EngineError? {
    guard let message else { return nil }
    defer { rocksdb_free(message) }
    let text = String(cString: message)
    return EngineError(Files.code(ofStatus: text), text, path: path)
}
#endif
