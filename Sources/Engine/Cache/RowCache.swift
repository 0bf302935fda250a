import Synchronization

/// The rows of one keyspace that were read lately, within a bound of bytes, for any number of readers and one writer.
///
/// # Why no read gets what the engine would not have answered
/// A shard is a table behind a lock, with an *epoch*: odd while any of its keys is being written, another number after each
/// write. What is said of a key below is done with its shard's lock held.
/// - Before the engine sees a write, ``beginWrite(_:)`` makes the epoch odd and hides the key's row. From there on to
///   ``endWrite(_:_:_:)``, once the engine has returned, every read of the key goes to the engine, so what readers see of the
///   write is just what the engine lets them see: no new value and then the old one again, neither by reads of the key nor by
///   scans and snapshots, which never ask the cache. (If the row stayed to be read during the write, one reader that missed before it came would read
///   the new value from the engine, and the next the old one from here.)
/// - A reader that misses takes the epoch along (``Ticket``), reads the engine, and may leave what it read only if the epoch
///   is the same then, and even. So no write of the shard has begun since it looked here, and it cannot have read what is
///   older or newer than what the engine holds now.
/// - ``endWrite(_:_:_:)`` gives a hidden row the new value. A row that was evicted meanwhile stays away, and one that a reader has
///   put after the first `endWrite` of its shard is of the finished write already. Writes add no rows: what is written and not
///   read would only displace what is read.
/// - After a write that failed there is no `endWrite`: the rows stay hidden, and the epoch odd, until the shard is written
///   again. What failed is not to be seen, but it may be in the engine's log, and an engine may open its files anew before it
///   writes again (``HandleGate``): what it answers of these keys until then is no witness of what it answers from there on.
final class RowCache: Sendable {
    /// What a reader that misses takes along to the engine.
    struct Ticket {
        fileprivate var hash: UInt64
        fileprivate var epoch: UInt64
    }

    enum Answer {
        /// Key and value in one.
        case row([UInt8])
        case unknown(Ticket)
    }

    private struct State {
        var table: RowTable
        var epoch: UInt64 = 0
        var hits = 0
        var misses = 0

        var isOdd: Bool { epoch % 2 == 1 }

        mutating func makeOdd() { if !isOdd { epoch += 1 } }
        mutating func makeEven() { if isOdd { epoch += 1 } }
    }

    private final class Shard: Sendable {
        let state: Mutex<State>

        init(maxBytes: Int) { state = Mutex(State(table: RowTable(maxBytes: maxBytes))) }
    }

    private let shards: [Shard]
    private let seed = UInt64.random(in: 0...UInt64.max)
    private let maxRowBytes: Int

    /// - Parameters:
    ///   - maxBytes: Of all rows, with their overhead.
    ///   - shardCount: A power of two. Each has a part of the bytes of its own, and a row may take an eighth of that.
    init(maxBytes: Int, shardCount: Int = 64) {
        precondition(shardCount > 0 && shardCount & (shardCount - 1) == 0, "the shards are a power of two")
        let shardBytes = maxBytes / shardCount
        maxRowBytes = RowTable.maxRowBytes(of: shardBytes)
        shards = (0..<shardCount).map { _ in Shard(maxBytes: shardBytes) }
    }

    /// By bits above those that choose a table's slot.
    private func shard(_ hash: UInt64) -> Shard {
        shards[Int(truncatingIfNeeded: hash >> 32) & (shards.count - 1)]
    }

    // MARK: Readers

    /// Reads no memory of the row but its key with the lock held; the row that is answered is the caller's.
    func find(_ key: [UInt8]) -> Answer {
        key.withUnsafeBytes { key in
            let hash = rowHash(key, seed: seed)
            return shard(hash).state.withLock { state -> Answer in
                if let row = state.table.find(hash, key) {
                    state.hits += 1
                    return .row(row)
                }
                state.misses += 1
                return .unknown(Ticket(hash: hash, epoch: state.epoch))
            }
        }
    }

    /// Keeps what the engine has answered to a reader that had missed, unless the shard was written meanwhile.
    func insert(_ key: [UInt8], _ value: RawSpan, _ ticket: Ticket) {
        guard key.count + value.byteCount + RowTable.overhead <= maxRowBytes else { return }
        // Copied before the lock is taken.
        let row = key.withUnsafeBytes { key in value.withUnsafeBytes { [UInt8](row: key, $0) } }
        shard(ticket.hash).state.withLock { state in
            if state.epoch == ticket.epoch, !state.isOdd {
                state.table.put(ticket.hash, row, keyCount: key.count)
            }
        }
    }

    // MARK: The writer

    /// Before the engine writes `key`: hides its row. Answers the key's hash for ``endWrite(_:_:_:)``.
    func beginWrite(_ key: RawSpan) -> UInt64 {
        key.withUnsafeBytes { key in
            let hash = rowHash(key, seed: seed)
            shard(hash).state.withLock { state in
                state.makeOdd()
                state.table.beginChange(hash, key)
            }
            return hash
        }
    }

    /// After the engine has written `key`: its row, if it is here, is that of `value`, or gone if that is nil.
    ///
    /// Of several writes of a key in one batch the last comes first: it is the one that counts, and shows the row again.
    func endWrite(_ hash: UInt64, _ key: RawSpan, _ value: RawSpan?) {
        key.withUnsafeBytes { key in
            guard let value else { return endWrite(hash, key, UnsafeRawBufferPointer?.none) }
            value.withUnsafeBytes { endWrite(hash, key, $0) }
        }
    }

    private func endWrite(_ hash: UInt64, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) {
        shard(hash).state.withLock { state in
            state.table.endChange(hash, key, value)
            state.makeEven()
        }
    }

    /// Before the engine deletes `range`: drops its rows, and takes no others until ``resume()``, or in a shard that is written.
    func pause(dropping range: KeyRange) {
        for shard in shards {
            shard.state.withLock { state in
                state.makeOdd()
                state.table.removeAll(in: range)
            }
        }
    }

    /// After the engine has deleted a range.
    func resume() {
        for shard in shards { shard.state.withLock { $0.makeEven() } }
    }

    // MARK: Figures

    var statistics: [String: Double] {
        var (hits, misses, entries, bytes, evictions) = (0, 0, 0, 0, 0)
        for shard in shards {
            shard.state.withLock { state in
                hits += state.hits
                misses += state.misses
                entries += state.table.count
                bytes += state.table.bytes
                evictions += state.table.evictions
            }
        }
        return [
            "row_cache_hits": Double(hits), "row_cache_misses": Double(misses),
            "row_cache_entries": Double(entries), "row_cache_bytes": Double(bytes),
            "row_cache_evictions": Double(evictions),
        ]
    }
}
