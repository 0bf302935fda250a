/// A durable, ordered map of bytes to bytes, in a few fixed keyspaces: what the cluster layer needs of a storage library.
///
/// # Concurrency contract
/// - Every call is synchronous and may block on a disk. Call it on engine threads (see ``EngineExecutor``), never on an
///   event loop; ``EngineReader/withResidentValue(_:_:_:)`` is the one exception.
/// - Reads may run on any number of threads at once, beside one write.
/// - ``write(_:durability:)``, ``deleteRange(_:_:)``, ``sync()`` and ``compact(_:)`` are called by one thread at a time, and
///   for the life of the engine by the same thread.
/// - ``close()`` is called once, when no other call is running; every later call throws ``EngineError/Code/closed``.
/// - The closures passed in are run before the call returns. What they are handed (spans, views) must not outlive them.
///
/// # Limits
/// A key has 1 to ``EngineLimits/maxKeySize`` bytes; a value has 0 to ``EngineLimits/maxValueSize`` bytes. Others are
/// refused with `keyEmpty`, `keyTooLarge` or `valueTooLarge` before anything is changed.
public protocol StorageEngine: EngineReader, AnyObject, Sendable {
    /// What the library does itself, and what this module emulates.
    var capabilities: EngineCapabilities { get }

    /// Whether opening dropped part of a damaged log, and with it writes that had returned. The same for the engine's life.
    ///
    /// A log that only ends within a record, as the death of the process leaves it, is not damaged: what is cut off had
    /// not returned. Power loss may cut off buffered writes in the same way, which no engine can tell. The engine keeps
    /// a note in its directory, so that it says so at every open until a `.synced` write to ``Keyspace/meta`` has
    /// returned: write there what makes up for the loss, such as a new identity.
    var hasLostWrites: Bool { get }

    /// Applies all of `batch`, in order, or nothing of it.
    ///
    /// When it returns, every later read sees the batch, and it survives what `durability` names. When it throws, no
    /// read of this engine sees any of it. After a reopen it may be there all the same, whole: the error may have come
    /// once the batch was in the log or the file, as that of a failed flush does. So a throw means "unknown" to whoever
    /// opens the files next, and "not written" until then.
    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError)

    /// Removes every key of `range`. Not atomic: after a crash, part of the range may be left.
    func deleteRange(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError)

    /// Calls `body` with one snapshot: it sees every write that returned before, and none that comes after.
    ///
    /// A snapshot holds back the reuse of space, so keep `body` short: page through long scans with several calls.
    func read<R>(_ body: (any EngineReader) throws(EngineError) -> R) throws(EngineError) -> R

    /// Bytes that the keys of `range` take on disk, roughly; 0 is a valid answer for data that is only in memory.
    func approximateSize(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) -> UInt64

    /// Writes a consistent copy of all keyspaces to `path`, which must not exist. The copy opens on its own.
    func checkpoint(to path: String) throws(EngineError)

    /// Rewrites a keyspace so that deleted and overwritten data gives its space back, where the library can.
    func compact(_ keyspace: Keyspace) throws(EngineError)

    /// Makes every write that has returned survive power loss.
    func sync() throws(EngineError)

    /// Figures of the library, by a stable snake-case name; empty where it has none.
    func statistics() throws(EngineError) -> [String: Double]

    /// Flushes and releases everything, the directory's lock included.
    func close() throws(EngineError)
}

/// The reads that an engine and a snapshot of it share.
public protocol EngineReader {
    /// Calls `body` with the value of `key`, borrowed from the library where it allows that, or nil if there is none.
    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R

    /// Like ``withValue(_:_:_:)``, but never waits for a disk: nil if the library cannot answer without.
    ///
    /// May be called on an event loop. An engine that cannot tell answers nil.
    func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R?

    /// Calls `body` with each key's position in `keys` and its value, in any order, once for each key.
    func multiGet(
        _ keyspace: Keyspace, _ keys: [[UInt8]], _ body: (Int, RawSpan?) throws(EngineError) -> Void
    ) throws(EngineError)

    /// Visits the pairs of `range` in ascending order of the keys' unsigned bytes, or in descending order if `reverse`.
    ///
    /// - Parameters:
    ///   - limit: Where a page ends. At least one row is visited if the range has any.
    ///   - body: Gets key and value; ends the page by answering `.stop` (the row counts as visited).
    /// - Returns: The part of `range` that is left to visit, or nil if there is none.
    func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool, limit: ScanLimit,
        _ body: (RawSpan, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange?
}

extension EngineReader {
    /// The value of `key`, copied, or nil if there is none.
    public func get(_ keyspace: Keyspace, _ key: [UInt8]) throws(EngineError) -> [UInt8]? {
        try withValue(keyspace, key) { (span) throws(EngineError) -> [UInt8]? in
            if let span { [UInt8](copying: span) } else { nil }
        }
    }

    public func multiGet(
        _ keyspace: Keyspace, _ keys: [[UInt8]], _ body: (Int, RawSpan?) throws(EngineError) -> Void
    ) throws(EngineError) {
        for (index, key) in keys.enumerated() {
            try withValue(keyspace, key) { (span) throws(EngineError) in try body(index, span) }
        }
    }

    /// One page of `range`, copied.
    public func scan(
        _ keyspace: Keyspace, _ range: KeyRange, reverse: Bool = false, limit: ScanLimit = ScanLimit()
    ) throws(EngineError) -> ScanPage {
        var rows: [ScanPage.Row] = []
        let rest = try scan(keyspace, range, reverse: reverse, limit: limit) {
            (key, value) throws(EngineError) in
            rows.append(.init(key: [UInt8](copying: key), value: [UInt8](copying: value)))
            return .next
        }
        return ScanPage(rows: rows, rest: rest)
    }
}

extension [UInt8] {
    /// The bytes of a borrowed span, copied.
    @inlinable
    public init(copying span: RawSpan) {
        self = unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
    }
}
