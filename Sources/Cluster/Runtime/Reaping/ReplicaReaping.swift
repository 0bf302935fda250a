import ClusterCore
import Engine

/// What a replica does for a `Reaper`, this node's or another's.
extension Replica {
    /// A page of this node's rows, for what of it might be reaped.
    struct DeadPage: Sendable {
        var candidates: [Reaper.Candidate] = []
        /// Of the rows that were read.
        var bytes = 0
        /// Where the page ends; nil: at the partition's end.
        var upTo: StorageKey?
    }

    /// Reads the page of a partition behind `after`, on a reader thread.
    ///
    /// - Parameter now: Milliseconds since 1970.
    func deadRows(
        of partition: Int, after: StorageKey?, limits: Reaper.Limits, now: UInt64,
        whenDone: @escaping @Sendable (Result<DeadPage, EngineError>) -> Void
    ) {
        do throws(EngineError) {
            try executor.submitRead { [clocks] engine in
                do throws(EngineError) {
                    whenDone(
                        .success(try Self.deadRows(of: partition, after: after, limits, now, clocks, engine)))
                } catch {
                    whenDone(.failure(error))
                }
            }
        } catch {
            whenDone(.failure(error))
        }
    }

    private static func deadRows(
        of partition: Int, after: StorageKey?, _ limits: Reaper.Limits, _ now: UInt64, _ clocks: ClockStore,
        _ engine: any StorageEngine
    ) throws(EngineError) -> DeadPage {
        var page = DeadPage()
        var last: StorageKey?
        let rest = try engine.rows(of: partition, after: after, limit: ScanLimit(bytes: limits.pageBytes)) {
            (key, state) throws(EngineError) in
            page.bytes += key.bytes.count + state.byteCount
            last = key
            let bytes = [UInt8](copying: state)
            let versions = try Versions.stored(bytes)
            if versions.isDead(at: now, grace: limits.grace),
                clocks.seen(of: key).descends(versions.context)
            {
                let row = DeadRows.Row(key: key, hash: RowChange.hash(of: key, state: bytes))
                page.candidates.append(Reaper.Candidate(row, n: clocks.n(of: key)))
            }
            return page.candidates.count < limits.pageRows ? .next : .stop
        }
        page.upTo = rest == nil ? nil : last
        return page
    }

    /// Says of each of the rows whether it lies here just so, will do so after any crash, is dead, and stands for nothing
    /// that was not seen. Calls `whenDone` on the writer thread, or at once if its queue is full.
    func confirm(
        _ dead: DeadRows, now: UInt64, whenDone: @escaping @Sendable (Result<[Bool], EngineError>) -> Void
    ) {
        executor.maintain { [clocks, rules] (engine) throws(EngineError) in
            var confirmed: [Bool] = []
            for row in dead.rows {
                let bytes = try engine.get(.data, row.key.bytes)
                confirmed.append(
                    try bytes.map { (bytes) throws(EngineError) in
                        let versions = try Versions.stored(bytes)
                        return RowChange.hash(of: row.key, state: bytes) == row.hash
                            && versions.isDead(at: now)
                            && clocks.seen(of: row.key).descends(versions.context)
                    } ?? false)
            }
            // A loss of power must not bring back what was there before, when the others no longer have this.
            if rules.durability == .buffered, confirmed.contains(true) { try engine.sync() }
            return confirmed
        } whenDone: {
            whenDone($0)
        }
    }

    /// Removes those of the rows of which `confirm` would still be true. Calls `whenDone` on the writer thread.
    func remove(
        _ dead: DeadRows, whenDone: @escaping ReplicaWriteJob.WhenDone
    ) {
        write(
            dead.rows.map {
                ReplicaWriteJob.Entry(
                    id: 0, key: $0.key, mutation: .remove(hash: $0.hash), policy: .siblings)
            }, whenDone: whenDone)
    }
}
