import ClusterCore
import Engine

/// A change of one key at one replica.
enum Mutation: Sendable {
    /// Another replica's state is joined to ours.
    case merge(Versions)
    /// All that another replica holds is joined to ours, with what it had seen (`Versions.reconcile`).
    case reconcile(Versions, seen: VersionVector)
    /// The key's row goes, if it has this hash, is dead, and stands for nothing that was not seen.
    case remove(hash: UInt64)
    /// A client's write, coordinated here.
    case write(ClientWrite)
    /// A state is kept for another replica, which is away.
    case hint(for: NodeID, Versions)
}

extension Mutation {
    /// About what it holds in memory.
    var byteCount: Int {
        switch self {
        case .merge(let versions), .hint(_, let versions), .reconcile(let versions, _):
            versions.siblings.reduce(0) { $0 + $1.content.byteCount }
        case .write(let write): write.content.byteCount
        case .remove: 0
        }
    }
}

extension Sibling.Content {
    fileprivate var byteCount: Int {
        if case .value(let bytes, _) = self { bytes.count } else { 0 }
    }
}

struct ClientWrite: Sendable {
    var content: Sibling.Content
    var context: CausalContext
    var expiry: Expiry
    /// Of the bucket.
    var properties: BucketProperties

    /// As a sibling has it.
    func expiresAt(from now: UInt64) -> UInt64 {
        content == .tombstone ? 0 : expiry.time(from: now, properties)
    }
}

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
        /// After staging: the key's state with the mutation applied, empty if nothing is stored of it, or why it failed.
        var outcome: Result<Versions, ReplicaError>?
    }

    /// What holds for every write of a node.
    struct Rules: Sendable {
        var durability: Durability
        /// See `ClusterConfiguration.maxStateSize`.
        var maxStateSize: Int
    }

    var entries: [Entry]
    var durability: Durability { rules.durability }
    /// About what the entries hold in memory, values included.
    let byteCount: Int
    private let rules: Rules
    private let issuer: DotIssuer
    private let hints: HintStore
    private var hintChanges: [HintLedger.Change] = []
    private let trees: HashTreeStore
    private var treeChanges: [RowChange] = []
    private let clocks: ClockStore
    /// What this node had issued when the job was staged.
    private var issued: UInt64 = 0
    private let whenDone: @Sendable ([Entry]) -> Void

    /// - Parameter whenDone: Called on the writer thread, or by the submitter if the queue is full, once, with every
    ///   entry's outcome set.
    init(
        _ entries: [Entry], rules: Rules, issuer: DotIssuer, hints: HintStore, trees: HashTreeStore,
        clocks: ClockStore, whenDone: @escaping @Sendable ([Entry]) -> Void
    ) {
        self.entries = entries
        self.rules = rules
        byteCount = entries.reduce(0) { $0 + $1.key.bytes.count + $1.mutation.byteCount }
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
            } catch {
                // A key that cannot be read or is too large must not fail the others of its batch.
                entries[index].outcome = .failure(ReplicaError(error))
            }
        }
        issued = issuer.counter
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
        whenDone(entries)
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
        var versions = try stored.map(Versions.stored) ?? Versions()
        switch entry.mutation {
        case .hint: preconditionFailure("a hint changes nothing of this replica's own")
        case .merge(var other):
            issuer.observe(other)
            guard !versions.descends(other) else {
                entry.outcome = .success(versions)
                return
            }
            // What was seen and is not here any more was replaced or reaped: it comes late. Whoever has seen a write has
            // seen what it replaced, so that without siblings there is nothing new in the rest.
            if other.forget(clocks.seen(of: entry.key), notIn: versions), other.siblings.isEmpty {
                entry.outcome = .success(versions)
                return
            }
            versions.merge(other, policy: entry.policy)
        case .reconcile(let other, let seen):
            issuer.observe(other)
            let before = versions
            versions.reconcile(other, seen: seen, ours: clocks.seen(of: entry.key), policy: entry.policy)
            guard versions != before else {
                entry.outcome = .success(versions)
                return
            }
        case .remove(let hash):
            let isSame = stored.map { RowChange.hash(of: entry.key, state: $0) } == hash
            let mayGo =
                isSame && versions.isDead(at: issuer.wallMillis)
                && clocks.seen(of: entry.key).descends(versions.context)
            guard mayGo else {
                entry.outcome = .success(versions)
                return
            }
            versions = Versions()
        case .write(let write):
            let floor = max(versions.context[issuer.actor], write.context.vector[issuer.actor])
            let dot = try issuer.next(above: floor, in: &stage)
            entry.dot = dot
            versions.write(
                write.content, dot: dot, timestamp: issuer.timestamp(),
                expiresAt: write.expiresAt(from: issuer.wallMillis),
                context: write.context, policy: entry.policy)
        }
        if case .write = entry.mutation, versions.hasTooManyActors {
            throw EngineError(.invalidArgument, "the context names more actors than a context can hold")
        }
        guard !versions.siblings.isEmpty else {
            try stage.delete(.data, entry.key.bytes)
            treeChanges.append(RowChange(of: entry.key, from: stored, to: nil))
            entry.outcome = .success(Versions())
            return
        }
        let encoded = VersionsCodec.encode(versions)
        if case .write = entry.mutation, encoded.count > rules.maxStateSize {
            throw EngineError(
                .valueTooLarge,
                "the key's siblings take \(encoded.count) bytes together, at most \(rules.maxStateSize) are allowed: "
                    + "read them and put one value with their context")
        }
        try stage.put(.data, entry.key.bytes, encoded)
        treeChanges.append(RowChange(of: entry.key, from: stored, to: encoded))
        entry.outcome = .success(versions)
    }
}

extension Versions {
    /// The state that a replica stored; what cannot be decoded is damage of the files.
    static func stored(_ bytes: [UInt8]) throws(EngineError) -> Versions {
        do throws(CodecError) {
            return try VersionsCodec.decode(bytes)
        } catch {
            throw EngineError(.corruption, "a stored value cannot be decoded: \(error)")
        }
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
