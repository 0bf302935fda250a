import ClusterCore
import Engine

/// The read-modify-writes that one loop tick, or one batch of a peer, brings to this replica; they run on the engine's
/// writer thread, within one commit, so that no two of them interleave on a key.
final class ReplicaWriteJob: EngineWriteJob, @unchecked Sendable {
    // @unchecked: owned by one thread at a time. The sender fills `entries` and hands the job to the executor's queue;
    // the writer thread stages and finishes it; `whenDone` gets the outcomes. None keeps a reference beyond its turn.

    struct Entry {
        /// The sender's number for it.
        var id: UInt64
        var key: StorageKey
        var mutation: Mutation
        var policy: Versions.Policy
        /// After staging: the dot that a client's write got.
        var dot: Dot?
        /// After staging: what a client's change has done.
        var result: Result<DataOutcome, DataError>?
        /// After staging: the key's state with the mutation applied, empty if nothing is stored of it, or why it failed.
        var outcome: Result<Versions, ReplicaError>?
        /// Whether it was part of a commit, so that after one that failed, the next run may find it on the disk.
        var isStaged = false
    }

    /// What holds for every write of a node.
    struct Rules: Sendable {
        var durability: Durability
        /// See `ClusterConfiguration.maxStateSize`.
        var maxStateSize: Int
        /// Told of what is stored and cannot be decoded.
        var watch: EngineWatch
    }

    var entries: [Entry]
    var durability: Durability { rules.durability }
    /// About what the entries hold in memory, values included.
    let byteCount: Int
    /// Whether `whenDone` is told of the commit, for entries that are recorded.
    private let tellsCommit: Bool
    private var commit: GroupCommit?
    private let rules: Rules
    private let issuer: DotIssuer
    private let hints: HintStore
    private var hintChanges: [HintLedger.Change] = []
    private let trees: HashTreeStore
    private var treeChanges: [RowChange] = []
    private let clocks: ClockStore
    /// What this node had issued when the job was staged.
    private var issued: UInt64 = 0
    private let whenDone: WhenDone

    /// With every entry's outcome set, and the commit that they were part of, if it was asked for and there was one.
    typealias WhenDone = @Sendable ([Entry], GroupCommit?) -> Void

    /// - Parameter whenDone: Called on the writer thread or one that stands for it, or by the submitter if the queue is full, once.
    init(
        _ entries: [Entry], rules: Rules, issuer: DotIssuer, hints: HintStore, trees: HashTreeStore,
        clocks: ClockStore, tellsCommit: Bool, whenDone: @escaping WhenDone
    ) {
        self.entries = entries
        self.rules = rules
        var byteCount = 0
        // By index, since an entry is much to copy.
        for index in entries.indices {
            byteCount += entries[index].key.bytes.count + entries[index].mutation.byteCount
        }
        self.byteCount = byteCount
        self.tellsCommit = tellsCommit
        self.issuer = issuer
        self.hints = hints
        self.trees = trees
        self.clocks = clocks
        self.whenDone = whenDone
    }

    /// Hands the job to the writer thread, or fails every entry at once.
    func submit(to executor: EngineExecutor) {
        do throws(EngineError) {
            try executor.submit(self)
        } catch {
            fail(error)
        }
    }

    func stage(_ stage: inout WriteStage) throws(EngineError) {
        for index in entries.indices {
            do throws(EngineError) {
                try apply(&entries[index], &stage)
                entries[index].isStaged = true
            } catch {
                // A key that cannot be read or is too large must not fail the others of its batch.
                entries[index].outcome = .failure(ReplicaError(error))
            }
        }
        issued = issuer.counter
    }

    func ended(_ commit: GroupCommit) {
        if tellsCommit { self.commit = commit }
    }

    func finished(_ result: Result<Void, EngineError>) {
        if case .failure(let error) = result {
            issuer.commitFailed()
            if !hintChanges.isEmpty { hints.takeBack(hintChanges) }
            trees.commitFailed()
            clocks.commitFailed()
            fail(error)
        } else {
            if !hintChanges.isEmpty { hints.noteStored(hintChanges.count) }
            if !treeChanges.isEmpty { trees.committed(treeChanges) }
            // After the trees: whoever is told of these writes finds them there.
            clocks.committed(upTo: issued)
            done()
        }
    }

    private func fail(_ error: EngineError) {
        for index in entries.indices { entries[index].outcome = .failure(ReplicaError(error)) }
        done()
    }

    private func done() {
        whenDone(entries, commit)
        entries = []
    }

    private func apply(_ entry: inout Entry, _ stage: inout WriteStage) throws(EngineError) {
        if case .hint(let target, let versions) = entry.mutation {
            hintChanges.append(
                try hints.add(versions, of: entry.key, policy: entry.policy, for: target, to: &stage))
            entry.outcome = .success(versions)
            return
        }
        let stored = try stage.withValue(.data, entry.key.bytes) { (span) throws(EngineError) -> [UInt8]? in
            if let span { [UInt8](copying: span) } else { nil }
        }
        var versions = try stored.map(rules.decode) ?? Versions()
        if try change(&versions, stored, &entry, &stage) {
            try store(versions, of: entry, after: stored, &stage)
        }
        entry.outcome = .success(versions)
    }

    /// Makes the key's state what it is to be; false if it is so already.
    private func change(
        _ versions: inout Versions, _ stored: [UInt8]?, _ entry: inout Entry, _ stage: inout WriteStage
    ) throws(EngineError) -> Bool {
        switch entry.mutation {
        case .hint: preconditionFailure("a hint changes nothing of this replica's own")
        case .merge(let other): return merge(other, into: &versions, entry)
        case .reconcile(let other, let seen):
            issuer.observe(other)
            let before = versions
            versions.reconcile(other, seen: seen, ours: clocks.seen(of: entry.key), policy: entry.policy)
            return versions != before
        case .remove(let hash):
            let isSame = stored.map { RowChange.hash(of: entry.key, state: $0) } == hash
            let mayGo =
                isSame && versions.isDead(at: issuer.wallMillis)
                && clocks.seen(of: entry.key).descends(versions.context)
            if mayGo { versions = Versions() }
            return mayGo
        case .write(let write):
            let floor = max(versions.context[issuer.actor], write.context.vector[issuer.actor])
            let dot = try issuer.next(above: floor, in: &stage)
            entry.dot = dot
            versions.write(
                write.content, dot: dot, timestamp: issuer.timestamp(),
                expiresAt: write.expiresAt(from: issuer.wallMillis),
                context: write.context, policy: entry.policy)
            return true
        case .update(let update):
            let isNew = merge(update.found, into: &versions, entry)
            var last = versions.context[issuer.actor]
            let before = last
            entry.result = try versions.update(
                update.change, by: issuer.actor, timestamp: issuer.timestamp(), now: issuer.wallMillis,
                update.properties
            ) { () throws(EngineError) in
                let dot = try issuer.next(above: last, in: &stage)
                last = dot.counter
                return dot
            }
            return isNew || last != before
        }
    }

    /// Joins another replica's state; false if that changes nothing.
    private func merge(_ other: Versions, into versions: inout Versions, _ entry: Entry) -> Bool {
        var other = other
        issuer.observe(other)
        if versions.descends(other) { return false }
        // What was seen and is not here any more was replaced or reaped: it comes late. Whoever has seen a write has
        // seen what it replaced, so that without siblings there is nothing new in the rest.
        if other.forget(clocks.seen(of: entry.key), notIn: versions), other.siblings.isEmpty { return false }
        versions.merge(other, policy: entry.policy)
        return true
    }

    private func store(
        _ versions: Versions, of entry: Entry, after stored: [UInt8]?, _ stage: inout WriteStage
    ) throws(EngineError) {
        if entry.mutation.isClients, versions.hasTooManyActors {
            throw EngineError(.invalidArgument, "the context names more actors than a context can hold")
        }
        guard !versions.siblings.isEmpty else {
            try stage.delete(.data, entry.key.bytes)
            treeChanges.append(RowChange(of: entry.key, from: stored, to: nil))
            return
        }
        let encoded = VersionsCodec.encode(versions)
        // What makes it smaller is a way out.
        if entry.mutation.isClients, encoded.count > max(rules.maxStateSize, stored?.count ?? 0) {
            throw EngineError(
                .valueTooLarge,
                "all that the key holds takes \(encoded.count) bytes, at most \(rules.maxStateSize) are allowed: "
                    + "of siblings, read them and put one value with their context; of a set or a map, remove from it"
            )
        }
        try stage.put(.data, entry.key.bytes, encoded)
        treeChanges.append(RowChange(of: entry.key, from: stored, to: encoded))
    }
}

extension ReplicaError {
    init(_ error: EngineError) {
        let code: Code =
            switch error.code {
            case .noSpace: .noSpace
            case .corruption: .corruption
            case .overloaded, .closed: .overloaded
            case .keyEmpty, .keyTooLarge, .valueTooLarge, .invalidArgument: .invalid
            case .io, .locked: .io
            }
        self.init(code, error.description)
    }
}
