import ClusterCore
import Engine
import Synchronization

/// The clocks of the partitions that this node holds: what it has seen of them, for the writer thread, for peers that
/// compare, and for the next run.
///
/// They change on the engine's writer thread (`ClockJob`), in the order of the commits, so that after any crash a clock
/// that is on the disk speaks of rows that are there too. Questions may come on any thread.
final class ClockStore: Sendable {
    private struct State {
        var clocks: [Int: PartitionClock]
        /// This node's place in the lists of replicas that are read from.
        var places: [Int: Int]
        var sizes: BucketSizeTable
        /// Every dot of this node up to this counter is committed, and known to the hash trees, or never will be.
        var committed: UInt64
        /// A commit has failed, and may be found on the disk all the same by the next run. So this one's own writes can no
        /// longer be vouched for.
        var hasFailed = false
        /// Names what the clocks are good for; another whenever something about them is forgotten.
        var token: UInt64

        func clock(of partition: Int) -> PartitionClock {
            clocks[partition] ?? PartitionClock(sizes: sizes.digest)
        }
    }

    private let actor: UInt64
    private let state: Mutex<State>

    /// - Parameters:
    ///   - stored: What the last run had seen, none of which its disk has lost since.
    ///   - committed: The greatest counter that an earlier run of this actor may have issued.
    ///   - token: A random number.
    init(
        _ stored: [Int: PartitionClock], actor: UInt64, committed: UInt64, places: [Int: Int],
        sizes: BucketSizeTable, token: UInt64
    ) {
        self.actor = actor
        let digest = sizes.digest
        let clocks = stored.filter { $0.value.sizes == digest }
        state = Mutex(
            State(
                clocks: clocks.trimmed(to: places), places: places, sizes: sizes, committed: committed,
                token: token))
    }

    // MARK: Changes

    /// A commit is done, and the hash trees know of it; no greater counter of this node was issued before it.
    func committed(upTo counter: UInt64) { state.withLock { $0.committed = max($0.committed, counter) } }

    func commitFailed() { state.withLock { $0.hasFailed = true } }

    /// The layout has changed.
    func use(_ places: [Int: Int]) {
        state.withLock { state in
            guard places != state.places else { return }
            state.places = places
            state.clocks = state.clocks.trimmed(to: places)
            state.token &+= 1
        }
    }

    /// The properties of buckets have changed. After the hash trees have taken note of it.
    func use(_ sizes: BucketSizeTable) {
        state.withLock { state in
            guard sizes != state.sizes else { return }
            let changed = sizes.changes(from: state.sizes)
            state.sizes = sizes
            state.token &+= 1
            let digest = sizes.digest
            for partition in state.clocks.keys {
                state.clocks[partition]!.forget(changed)
                state.clocks[partition]!.sizes = digest
            }
        }
    }

    /// What the clocks are with these agreements, of those that they change.
    fileprivate func joined(_ agreements: [TreeAgreement]) -> [Int: PartitionClock] {
        state.withLock { state in
            var changed: [Int: PartitionClock] = [:]
            for agreement in agreements where agreement.token == state.token {
                let partition = agreement.tree.partition
                guard let place = state.places[partition] else { continue }
                let known = changed[partition] ?? state.clock(of: partition)
                var clock = known
                clock.join(agreement.clock, depth: max(agreement.tree.depth, place))
                if clock != known { changed[partition] = clock }
            }
            return changed
        }
    }

    /// These are on the disk now.
    ///
    /// - Parameter token: As it was when they were made.
    fileprivate func stored(_ clocks: [Int: PartitionClock], token: UInt64) {
        state.withLock { state in
            if token == state.token { state.clocks.merge(clocks) { $1 } }
        }
    }

    fileprivate var token: UInt64 { state.withLock { $0.token } }

    // MARK: Answers

    /// What was seen of the writes of this key's bucket in its partition, so that what is covered by it and missing has
    /// been replaced or reaped.
    func seen(of key: StorageKey) -> VersionVector {
        state.withLock { state in
            guard let clock = state.clocks[key.partition] else { return VersionVector() }
            return clock[state.sizes.n(of: key)]
        }
    }

    /// What a peer is told that this node has seen of a partition, its own writes included. To be asked before what it is
    /// to go with is read.
    func told(of partition: Int) -> (clock: PartitionClock, token: UInt64) {
        state.withLock { state in
            var clock = state.clock(of: partition)
            if let place = state.places[partition], !state.hasFailed, state.committed > 0 {
                let own = VersionVector([Dot(actor: actor, counter: state.committed)])
                for n in state.sizes.all where n > place { clock.join(own, n: n) }
            }
            return (clock, state.token)
        }
    }

    /// As above, of one key's class.
    func told(of key: StorageKey) -> VersionVector {
        let clock = told(of: key.partition).clock
        return clock[state.withLock { $0.sizes.n(of: key) }]
    }

    /// What another replica had seen of this key's class by its clock; nothing, if it counts by other sizes.
    func seen(of key: StorageKey, by clock: PartitionClock) -> VersionVector {
        state.withLock { state in
            clock.sizes == state.sizes.digest ? clock[state.sizes.n(of: key)] : VersionVector()
        }
    }

    /// The n of this key's bucket.
    func n(of key: StorageKey) -> Int { state.withLock { $0.sizes.n(of: key) } }
}

extension [Int: PartitionClock] {
    fileprivate func trimmed(to places: [Int: Int]) -> Self {
        reduce(into: [:]) { result, each in
            var clock = each.value
            clock.trim(toPlace: places[each.key])
            if !clock.isEmpty { result[each.key] = clock }
        }
    }
}

/// Has the clocks take note of what two replicas have seen of each other.
final class ClockJob: EngineWriteJob, @unchecked Sendable {
    // @unchecked: owned by one thread at a time, as a `ReplicaWriteJob` is.

    let durability: Durability
    private let agreements: [TreeAgreement]
    private let clocks: ClockStore
    private let whenDone: @Sendable (Result<Void, EngineError>) -> Void
    private var changed: [Int: PartitionClock] = [:]
    private var token: UInt64 = 0

    /// - Parameter whenDone: Called on the writer thread, once.
    init(
        _ agreements: [TreeAgreement], clocks: ClockStore, durability: Durability,
        whenDone: @escaping @Sendable (Result<Void, EngineError>) -> Void
    ) {
        self.agreements = agreements
        self.clocks = clocks
        self.durability = durability
        self.whenDone = whenDone
    }

    func stage(_ stage: inout WriteStage) throws(EngineError) {
        token = clocks.token
        changed = clocks.joined(agreements)
        for (partition, clock) in changed.sorted(by: { $0.key < $1.key }) {
            try stage.put(.meta, StoredClocks.key(partition), StoredClocks.encode(clock))
        }
    }

    func finished(_ result: Result<Void, EngineError>) {
        if case .success = result { clocks.stored(changed, token: token) }
        whenDone(result)
    }
}
