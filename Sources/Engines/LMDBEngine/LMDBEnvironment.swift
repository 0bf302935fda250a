#if LMDB
import CLMDB
import Engine
import Glibc
import Synchronization

/// One open environment: the library's handles, the directory's lock, and a pool of read transactions.
final class LMDBEnvironment: @unchecked Sendable {
    // Sendable: the pointers never change after init, the library's environment is made for many threads, and the pool
    // is in a mutex. A transaction is used by one thread at a time, which MDB_NOTLS asks for.
    let pointer: OpaquePointer
    let path: String
    private let databases: [MDB_dbi]
    private let directoryLock: Int32
    private let pool = Mutex<Pool>(Pool())
    /// The bits of one transaction for single gets, or 0 while one uses it, and after the close.
    ///
    /// Whoever takes it alone may put it back, so a plain store does for that, and one atomic exchange is all that a get
    /// pays: each more would keep the processor from beginning the next get while this one's value is on its way from
    /// memory, a tenth of its time.
    private let spare = Atomic<UInt>(0)

    /// A reset transaction, which keeps its slot of the reader table.
    private struct Idle: @unchecked Sendable {
        // Sendable: with MDB_NOTLS any one thread at a time may use it, and whoever takes it from the pool has it alone.
        let transaction: OpaquePointer
    }

    private struct Pool { var idle: [Idle] = [] }

    /// Calls at work, and ``closedBit`` once ``close()`` has begun. Closing unmaps the file, so it waits for them.
    private let calls = Atomic<Int>(0)
    private static let closedBit = 1 << 62
    private let drained = Monitor(false)

    init(path: String, options: EngineOptions) throws(EngineError) {
        self.path = path
        try Files.makeDirectory(path)
        directoryLock = try lockDirectory(path)
        do throws(EngineError) {
            try LMDBCheck.run(
                file: path + "/data.mdb", maxPages: options.int("check_pages"),
                mapSize: options.int("map_size_bytes"))
            pointer = try Self.open(path, options)
        } catch {
            Glibc.close(directoryLock)
            throw error
        }
        do throws(EngineError) {
            databases = try Self.openDatabases(pointer, path)
            // The library syncs the file that it may just have created, but not its name.
            try Files.synchronize(path)
            spare.store(UInt(bitPattern: try Self.idleTransaction(pointer, path)), ordering: .relaxed)
        } catch {
            mdb_env_close(pointer)
            Glibc.close(directoryLock)
            throw error
        }
    }

    private static func open(_ path: String, _ options: EngineOptions) throws(EngineError) -> OpaquePointer {
        var environment: OpaquePointer?
        try checkCode(mdb_env_create(&environment), path)
        do throws(EngineError) {
            try checkCode(mdb_env_set_mapsize(environment, options.int("map_size_bytes")), path)
            try checkCode(mdb_env_set_maxreaders(environment, UInt32(options.int("max_readers"))), path)
            try checkCode(mdb_env_set_maxdbs(environment, MDB_dbi(Keyspace.allCases.count)), path)
            let readAhead = options.bool("read_ahead") ? 0 : MDB_NORDAHEAD
            try checkCode(mdb_env_open(environment, path, UInt32(MDB_NOTLS | readAhead), 0o644), path)
            // Slots of processes that died; the directory's lock says that no other lives.
            var dead: Int32 = 0
            try checkCode(mdb_reader_check(environment, &dead), path)
            return environment!
        } catch {
            mdb_env_close(environment)
            throw error
        }
    }

    private static func openDatabases(_ pointer: OpaquePointer, _ path: String) throws(EngineError)
        -> [MDB_dbi]
    {
        var transaction: OpaquePointer?
        try checkCode(mdb_txn_begin(pointer, nil, 0, &transaction), path)
        var databases: [MDB_dbi] = []
        for keyspace in Keyspace.allCases {
            var database: MDB_dbi = 0
            let code = mdb_dbi_open(transaction, keyspace.name, UInt32(MDB_CREATE), &database)
            if code != 0 {
                mdb_txn_abort(transaction)
                throw lmdbError(code, path)
            }
            databases.append(database)
        }
        try checkCode(mdb_txn_commit(transaction), path)
        return databases
    }

    /// Refuses calls from here on, waits for those at work, and releases everything.
    func close() throws(EngineError) {
        let before = calls.bitwiseOr(Self.closedBit, ordering: .acquiringAndReleasing).oldValue
        if before & Self.closedBit != 0 { throw EngineError.closed(path) }
        drained.wait { isDrained in
            isDrained || calls.load(ordering: .acquiring) == Self.closedBit ? () : nil
        }
        for idle in pool.withLock({ $0.idle }) { mdb_txn_abort(idle.transaction) }
        // A get that has it puts it back within about a microsecond, and could not signal that for less than it saves.
        var bits = spare.exchange(0, ordering: .acquiring)
        while bits == 0 {
            sched_yield()
            bits = spare.exchange(0, ordering: .acquiring)
        }
        mdb_txn_abort(OpaquePointer(bitPattern: bits))
        mdb_env_close(pointer)
        // A child process that is being started has the descriptor too, until it runs its own program.
        flock(directoryLock, LOCK_UN)
        Glibc.close(directoryLock)
    }

    /// Runs `body` while the environment cannot be closed; throws `closed` if it is, or is about to be.
    @inline(__always)
    func use<R>(_ body: () throws(EngineError) -> R) throws(EngineError) -> R {
        let before = calls.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
        defer {
            let after = calls.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
            // With the lock taken, close() either sees this value or sleeps already.
            if after == Self.closedBit {
                drained.withLock {
                    $0 = true
                    drained.wakeAll()
                }
            }
        }
        if before & Self.closedBit != 0 { throw EngineError.closed(path) }
        return try body()
    }

    func database(_ keyspace: Keyspace) -> MDB_dbi { databases[Int(keyspace.rawValue)] }

    func damagedRow(_ keyspace: Keyspace) -> EngineError {
        EngineError(.corruption, "a row of \(keyspace.name) does not fit its checksum", path: path)
    }

    // MARK: Transactions

    /// Runs `body`, which is short, in a read transaction; the environment stays open meanwhile.
    func readOnce<R>(_ body: (OpaquePointer) throws(EngineError) -> R) throws(EngineError) -> R {
        let bits = spare.exchange(0, ordering: .acquiring)
        guard let transaction = OpaquePointer(bitPattern: bits) else { return try read(body) }
        defer {
            mdb_txn_reset(transaction)
            spare.store(bits, ordering: .releasing)
        }
        try check(mdb_txn_renew(transaction))
        return try body(transaction)
    }

    /// A transaction that reads nothing yet.
    private static func idleTransaction(
        _ pointer: OpaquePointer, _ path: String
    ) throws(EngineError) -> OpaquePointer? {
        var transaction: OpaquePointer?
        try checkCode(mdb_txn_begin(pointer, nil, UInt32(MDB_RDONLY), &transaction), path)
        mdb_txn_reset(transaction)
        return transaction
    }

    /// Runs `body` in a read transaction of its own.
    func read<R>(_ body: (OpaquePointer) throws(EngineError) -> R) throws(EngineError) -> R {
        try use { () throws(EngineError) in
            let transaction = try takeTransaction()
            defer {
                mdb_txn_reset(transaction)
                putBack(transaction)
            }
            return try body(transaction)
        }
    }

    private func takeTransaction() throws(EngineError) -> OpaquePointer {
        guard let idle = pool.withLock({ $0.idle.popLast() })?.transaction else {
            var transaction: OpaquePointer?
            try check(mdb_txn_begin(pointer, nil, UInt32(MDB_RDONLY), &transaction))
            return transaction!
        }
        let code = mdb_txn_renew(idle)
        if code != 0 {
            mdb_txn_abort(idle)
            try check(code)
        }
        return idle
    }

    private func putBack(_ transaction: OpaquePointer) {
        let idle = Idle(transaction: transaction)
        pool.withLock { $0.idle.append(idle) }
    }

    /// Runs `body` in a write transaction, and commits what it did unless it throws. On the writing thread only.
    ///
    /// - Parameter byteCount: About how much it writes.
    func write<R>(
        _ durability: Durability, about byteCount: Int = 0, _ body: (OpaquePointer) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try use { () throws(EngineError) in
            try setDurability(durability)
            return try commit(about: byteCount, body)
        }
    }

    private func commit<R>(
        about byteCount: Int, _ body: (OpaquePointer) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(pointer, nil, 0, &transaction))
        let result: R
        do throws(EngineError) {
            result = try body(transaction!)
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        let code = mdb_txn_commit(transaction)
        // The library reports a write that the system cut short as EIO. A page and its path to the root come on top.
        if code == EIO, Files.isFull(path + "/data.mdb", for: 2 * byteCount + (1 << 17)) {
            throw EngineError(.noSpace, "the file cannot grow", path: path)
        }
        try check(code)
        return result
    }

    /// On the writing thread only: how the next commit treats the meta page (see ``LMDBEngineFactory``).
    private func setDurability(_ durability: Durability) throws(EngineError) {
        try check(mdb_env_set_flags(pointer, UInt32(MDB_NOMETASYNC), durability == .buffered ? 1 : 0))
    }

    @inline(__always)
    func check(_ code: Int32) throws(EngineError) {
        if code != 0 { throw lmdbError(code, path) }
    }
}

private func checkCode(_ code: Int32, _ path: String) throws(EngineError) {
    if code != 0 { throw lmdbError(code, path) }
}

/// What a code of the library means to an engine's caller.
func lmdbError(_ code: Int32, _ path: String) -> EngineError {
    let kind: EngineError.Code =
        switch code {
        case MDB_MAP_FULL: .noSpace
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_INCOMPATIBLE:
            .corruption
        case MDB_READERS_FULL: .overloaded
        case 1...: Files.code(code)
        default: .io
        }
    return EngineError(kind, String(cString: mdb_strerror(code)), path: path)
}

/// Takes the directory for this engine alone: LMDB lets processes share a file, and breaks when one process opens it twice.
///
/// - Returns: The lock file's descriptor; closing it, or the process's end, gives the directory back.
private func lockDirectory(_ path: String) throws(EngineError) -> Int32 {
    let descriptor = Glibc.open(path + "/LOCK", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Files.error(errno, "cannot open the lock file", path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let number = errno
        close(descriptor)
        throw Files.error(number, "another engine has the directory open", path)
    }
    return descriptor
}
#endif
