import ClusterCore
import Engine
import Synchronization

/// The hints that this node keeps, in the engine's keyspace `hints`.
///
/// **What a crash means.** A hint counts for its replica when the fallback answers `stored`, which it does after the
/// commit that holds the hint, with the durability of every write; it is removed by a commit of its own that is queued
/// after the target's `stored`, which the target sends after its own commit. So at each moment the state is in the
/// engine of the fallback, or of the target, or of both:
///
/// | The process ends | What is left |
/// | --- | --- |
/// | before the hint's commit | nothing here; the coordinator hears no `stored` and does not count it |
/// | after it, before the reply | a hint that nobody counted; it is handed back like any other |
/// | while hints are sent | all of them; those that the target has stored are sent again, and merge into the same state |
/// | after the target's reply, before the removal's commit | the hint; the same |
/// | after the removal's commit | no hint; the target has the state |
///
/// A state that comes in for a hint between its sending and its removal makes the stored hint another one than was
/// sent. Adding and removing are both read-modify-writes on the writer thread, so one sees the other: the removal finds
/// that the hint is not what was sent, and leaves it for the next pass.
final class HintStore: Sendable {
    private struct State {
        var ledger: HintLedger
        var statistics = HandoffStatistics()

        mutating func limit(exceededBy change: HintLedger.Change) -> HintLedger.Limit? {
            let limit = ledger.limit(exceededBy: change)
            if limit != nil { statistics.unkept += 1 }
            return limit
        }
    }

    private let state: Mutex<State>
    let clock: HintClock

    /// - Parameter ledger: Of what the engine holds.
    init(_ ledger: HintLedger, clock: HintClock) {
        state = Mutex(State(ledger: ledger))
        self.clock = clock
    }

    // MARK: On the writer thread

    /// Stages `versions` as a hint for `target`, joined with what is kept of the key already.
    ///
    /// - Returns: What changed, for `settle`.
    /// - Throws: `overloaded` if a limit is reached; what the engine throws.
    func add(
        _ versions: Versions, of key: StorageKey, policy: Versions.Policy, for target: NodeID,
        to stage: inout WriteStage
    ) throws(EngineError) -> HintLedger.Change {
        let place = HintKey(target: target, key: key)
        let stored = try stage.record(at: place)
        var record = stored.record
        let now = clock.millis
        record.add(Hint(key: key, createdMillis: now, policy: policy, versions: versions))
        let value = HintRecordCodec.encode(record)
        let change = HintLedger.Change(
            target: target, count: record.hints.count - stored.record.hints.count,
            bytes: (stored.byteCount == 0 ? HintKey.byteCount : 0) + value.count - stored.byteCount,
            createdMillis: now)
        if let limit = state.withLock({ $0.limit(exceededBy: change) }) {
            throw EngineError(.overloaded, limit.inWords)
        }
        try stage.put(.hints, place.bytes, value)
        state.withLock { $0.ledger.apply(change) }
        return change
    }

    /// Stages the removal of a hint, unless it has grown since it was read.
    ///
    /// - Returns: What changed, for `settle`; nil if it is no longer there as it was.
    func remove(
        _ hint: Hint, for target: NodeID, from stage: inout WriteStage
    ) throws(EngineError) -> HintLedger.Change? {
        let place = HintKey(target: target, key: hint.key)
        let stored = try stage.record(at: place)
        var record = stored.record
        guard record.remove(hint) else { return nil }
        let value = record.isEmpty ? nil : HintRecordCodec.encode(record)
        if let value {
            try stage.put(.hints, place.bytes, value)
        } else {
            try stage.delete(.hints, place.bytes)
        }
        let change = HintLedger.Change(
            target: target, count: -1, bytes: (value?.count ?? -HintKey.byteCount) - stored.byteCount,
            createdMillis: hint.createdMillis)
        state.withLock { $0.ledger.apply(change) }
        return change
    }

    /// The commit of what was staged has failed: its changes are taken back.
    func takeBack(_ changes: some Sequence<HintLedger.Change>) {
        state.withLock { state in for change in changes { state.ledger.apply(change.inverse) } }
    }

    /// `count` states were committed as hints.
    func noteStored(_ count: Int) { state.withLock { $0.statistics.stored += count } }

    /// The removal of a hint was committed.
    func note(_ removal: HandoffSender.Removal) {
        state.withLock {
            switch removal {
            case .delivered: $0.statistics.delivered += 1
            case .expired: $0.statistics.expired += 1
            }
        }
    }

    // MARK: On any thread

    /// The limit that leaves no room for hints for `target`.
    func limit(reachedFor target: NodeID) -> HintLedger.Limit? {
        state.withLock { $0.ledger.limit(reachedFor: target) }
    }

    func noteRefusedWrite() { state.withLock { $0.statistics.refusedWrites += 1 } }

    /// A whole pass over the hints for `target` left this one as the oldest.
    func found(oldestMillis: UInt64, for target: NodeID) {
        state.withLock { $0.ledger.found(oldestMillis: oldestMillis, for: target) }
    }

    /// For whom hints are kept, by ascending id.
    var targets: [(target: NodeID, account: HintLedger.Account)] {
        state.withLock { state in state.ledger.targets.map { ($0, state.ledger[$0]) } }
    }

    var statistics: HandoffStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.count = state.ledger.count
            statistics.bytes = state.ledger.bytes
            statistics.oldestMillis = state.ledger.oldestMillis
            statistics.accounts = state.ledger.targets.map { ($0, state.ledger[$0]) }
            return statistics
        }
    }
}

extension WriteStage {
    /// What is kept at `place`, and the bytes of its value; nothing and 0 if there is none.
    fileprivate func record(at place: HintKey) throws(EngineError) -> (record: HintRecord, byteCount: Int) {
        let bytes = try withValue(.hints, place.bytes) { (span) throws(EngineError) -> [UInt8]? in
            if let span { [UInt8](copying: span) } else { nil }
        }
        guard let bytes else { return (HintRecord(), 0) }
        return (try HintRecord.stored(bytes), bytes.count)
    }
}

extension HintRecord {
    /// A stored record; what cannot be decoded is damage of the files.
    static func stored(_ bytes: [UInt8]) throws(EngineError) -> HintRecord {
        do throws(CodecError) {
            return try HintRecordCodec.decode(bytes)
        } catch {
            throw EngineError(.corruption, "a stored hint cannot be decoded: \(error)")
        }
    }
}
