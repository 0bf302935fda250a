#if LMDB
import CLMDB
import Engine

/// ``StorageEngine`` on LMDB's C API: see ``LMDBEngineFactory``.
final class LMDBEngine: StorageEngine {
    private let environment: LMDBEnvironment

    let capabilities = EngineCapabilities(
        zeroCopyReads: true, residentReads: true, nativeDeleteRange: false, nativeCheckpoint: true,
        nativeMultiGet: false, persistent: true, flushesBufferedWrites: true, readsInMemory: true)

    /// There is no log: a commit is in the file, or it is not.
    let hasLostWrites = false

    init(path: String, options: EngineOptions) throws(EngineError) {
        environment = try LMDBEnvironment(path: path, options: options)
    }

    // MARK: Writes

    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        try environment.write(durability, about: batch.byteCount) { (transaction) throws(EngineError) in
            try batch.forEach { (keyspace, key, value) throws(EngineError) in
                try EngineLimits.check(keyCount: key.byteCount)
                let database = environment.database(keyspace)
                let code = key.withUnsafeBytes { key in
                    guard let value else {
                        var key = MDB_val(key)
                        let code = mdb_del(transaction, database, &key, nil)
                        return code == MDB_NOTFOUND ? 0 : code
                    }
                    if value.byteCount > EngineLimits.maxValueSize { return MDB_BAD_VALSIZE }
                    return value.withUnsafeBytes { put(key, $0, into: database, transaction) }
                }
                if code == MDB_BAD_VALSIZE, let value { try EngineLimits.check(valueCount: value.byteCount) }
                try environment.check(code)
            }
        }
    }

    /// Has the library make room for the row, and writes it there: one copy.
    private func put(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, into database: MDB_dbi,
        _ transaction: OpaquePointer
    ) -> Int32 {
        var (keyToFind, room) = (MDB_val(key), MDB_val())
        room.mv_size = value.count + LMDBRow.trailerSize
        let code = mdb_put(transaction, database, &keyToFind, &room, UInt32(MDB_RESERVE))
        if code == 0 {
            LMDBRow.fill(
                UnsafeMutableRawBufferPointer(start: room.mv_data, count: room.mv_size), with: value, of: key)
        }
        return code
    }

    /// Deletes a bounded number of keys a transaction, damaged rows as well.
    func deleteRange(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) {
        var rest: KeyRange? = range
        while let part = rest {
            rest = try environment.write(.buffered) { (transaction) throws(EngineError) in
                var keys: [[UInt8]] = []
                let reader = LMDBReader(environment: environment, transaction: transaction)
                let limit = ScanLimit(rows: 10_000)
                let rest = try reader.scanKeys(keyspace, part, limit: limit) {
                    keys.append([UInt8](copying: $0))
                }
                for key in keys {
                    let code = key.span.bytes.withUnsafeBytes { key in
                        var key = MDB_val(key)
                        return mdb_del(transaction, environment.database(keyspace), &key, nil)
                    }
                    try environment.check(code)
                }
                return rest
            }
        }
    }

    func sync() throws(EngineError) {
        try environment.use { () throws(EngineError) in
            try environment.check(mdb_env_sync(environment.pointer, 1))
        }
    }

    // MARK: Reads

    private func inTransaction<R>(
        _ body: (LMDBReader) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try environment.read { (transaction) throws(EngineError) in
            try body(LMDBReader(environment: environment, transaction: transaction))
        }
    }

    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try environment.readOnce { (transaction) throws(EngineError) in
            try LMDBReader(environment: environment, transaction: transaction).withValue(keyspace, key, body)
        }
    }

    /// Answers from the map: a page that the system has dropped is read from the disk after all, and there is no
    /// affordable way to tell. Where the data exceeds memory, read on engine threads.
    func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        try withValue(keyspace, key, body)
    }

    func multiGet(
        _ keyspace: Keyspace, _ keys: [[UInt8]], _ body: (Int, RawSpan?) throws(EngineError) -> Void
    ) throws(EngineError) {
        try inTransaction { (reader) throws(EngineError) in try reader.multiGet(keyspace, keys, body) }
    }

    func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        try inTransaction { (reader) throws(EngineError) in
            try reader.scan(keyspace, range, reverse: reverse, limit: limit, body)
        }
    }

    func read<R>(_ body: (any EngineReader) throws(EngineError) -> R) throws(EngineError) -> R {
        try inTransaction { (reader) throws(EngineError) in try body(reader) }
    }

    // MARK: Upkeep

    /// The rows' own bytes if they are few, else the range's share of the keyspace's pages, as if the keys' first eight
    /// bytes were spread evenly between the first key and the last (storage keys begin with a hash).
    func approximateSize(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) -> UInt64 {
        try inTransaction { (reader) throws(EngineError) in
            var bytes: UInt64 = 0
            let limit = ScanLimit(rows: 1000)
            let rest = try reader.scan(keyspace, range, reverse: false, limit: limit) {
                (key, value) throws(EngineError) in
                bytes += UInt64(key.byteCount + value.byteCount)
                return .next
            }
            if rest == nil { return bytes }
            let (pages, pageSize) = try pages(keyspace, reader.transaction)
            let total = Double(pages * pageSize)
            guard let first = try bound(of: reader, keyspace, reverse: false),
                let last = try bound(of: reader, keyspace, reverse: true), last > first
            else { return max(bytes, UInt64(total)) }
            let lower = max(first, Self.position(range.lower))
            let upper = min(last, range.upper.map(Self.position) ?? last)
            return max(bytes, UInt64(total * max(0, upper - lower) / (last - first)))
        }
    }

    private func bound(
        of reader: LMDBReader, _ keyspace: Keyspace, reverse: Bool
    ) throws(EngineError) -> Double? {
        let limit = ScanLimit(rows: 1)
        return try reader.scan(keyspace, .all, reverse: reverse, limit: limit).rows.first.map {
            Self.position($0.key)
        }
    }

    private static func position(_ key: [UInt8]) -> Double {
        var position = 0.0
        var scale = 1.0
        for byte in key.prefix(8) {
            scale /= 256
            position += Double(byte) * scale
        }
        return position
    }

    private func pages(
        _ keyspace: Keyspace, _ transaction: OpaquePointer
    ) throws(EngineError) -> (count: Int, size: Int) {
        var status = MDB_stat()
        try environment.check(mdb_stat(transaction, environment.database(keyspace), &status))
        let count = status.ms_branch_pages + status.ms_leaf_pages + status.ms_overflow_pages
        return (count, Int(status.ms_psize))
    }

    func checkpoint(to path: String) throws(EngineError) {
        try environment.use { () throws(EngineError) in
            try Files.makeCheckpoint(path) { () throws(EngineError) in
                try environment.check(mdb_env_copy2(environment.pointer, path, 0))
                try Files.synchronize(path + "/data.mdb")
            }
        }
    }

    /// Nothing to do: the library reuses freed pages by itself, and cannot shrink its file in place.
    func compact(_ keyspace: Keyspace) throws(EngineError) { try environment.use {} }

    /// The library's figures, and `oldest_reader_transactions`: commits since the oldest open read began.
    func statistics() throws(EngineError) -> [String: Double] {
        try inTransaction { (reader) throws(EngineError) in
            var info = MDB_envinfo()
            try environment.check(mdb_env_info(environment.pointer, &info))
            var used = 0
            var entries = 0
            var size = 0
            for keyspace in Keyspace.allCases {
                var status = MDB_stat()
                try environment.check(mdb_stat(reader.transaction, environment.database(keyspace), &status))
                let pages = try pages(keyspace, reader.transaction)
                used += pages.count * pages.size
                size = pages.size
                entries += status.ms_entries
            }
            return [
                "map_size_bytes": Double(info.me_mapsize),
                "file_used_bytes": Double((info.me_last_pgno + 1) * size),
                "live_page_bytes": Double(used),
                "entries": Double(entries),
                "readers": Double(info.me_numreaders),
                "max_readers": Double(info.me_maxreaders),
                "last_transaction": Double(info.me_last_txnid),
                "oldest_reader_transactions": Double(
                    LMDBReaderTable.oldestAge(environment.pointer, newest: info.me_last_txnid)),
            ]
        }
    }

    func close() throws(EngineError) { try environment.close() }
}
#endif
