import ClusterCore
import Engine

/// This node as a holder of copies: serves batches of reads and writes, its own coordinators' and its peers'.
///
/// It keeps no state besides the engine's, so any thread may call it.
final class Replica: Sendable {
    let executor: EngineExecutor
    private let issuer: DotIssuer

    /// Under which identity dots are issued.
    var actor: UInt64 { issuer.actor }

    let rules: ReplicaWriteJob.Rules
    private let hints: HintStore
    private let trees: HashTreeStore
    let clocks: ClockStore

    init(
        executor: EngineExecutor, issuer: DotIssuer, hints: HintStore, trees: HashTreeStore,
        clocks: ClockStore, rules: ReplicaWriteJob.Rules
    ) {
        self.hints = hints
        self.trees = trees
        self.clocks = clocks
        self.executor = executor
        self.issuer = issuer
        self.rules = rules
    }

    /// What the engine has in memory of `key`: its state, as it is stored and as a peer would get it; nil if a disk must be asked.
    func residentState(_ key: StorageKey) -> (state: [UInt8]?, reply: PeerReply)? {
        do throws(EngineError) {
            // Decoding happens outside of the borrow: the closure only copies.
            let found = try executor.engine.withResidentValue(.data, key.bytes) {
                (span) throws(EngineError) -> [UInt8]? in
                if let span { [UInt8](copying: span) } else { nil }
            }
            guard let found else { return nil }
            return (found, .versions(try found.map(rules.decode)))
        } catch {
            return (nil, .failed(ReplicaError(error)))
        }
    }

    /// What a peer is told of a key, if the engine has it in memory; nil if a disk must be asked.
    ///
    /// - Parameter hash: Of the state that the peer has, if it has named one.
    func residentReply(_ key: StorageKey, unless hash: UInt64?) -> PeerReply? {
        do throws(EngineError) {
            let found = try executor.engine.withResidentValue(.data, key.bytes) {
                (span) throws(EngineError) in Self.found(span, of: key, unless: hash)
            }
            return try found?.reply(rules)
        } catch {
            return .failed(ReplicaError(error))
        }
    }

    /// Reads the keys of `reads` on one reader thread and calls `whenDone` there with the answers in the same order.
    ///
    /// - Parameter tracer: If some of them are recorded: by its clock `whenDone` is told of the reading.
    func read(
        _ reads: [ReplicaRead], timedBy tracer: NodeTracer? = nil,
        whenDone: @escaping @Sendable ([PeerReply], EngineRead?) -> Void
    ) {
        do throws(EngineError) {
            try executor.submitRead { [rules] engine in
                let begun = tracer?.now
                var answers = [PeerReply](repeating: .versions(nil), count: reads.count)
                do throws(EngineError) {
                    try engine.multiGet(.data, reads.map(\.key.bytes)) { (index, span) throws(EngineError) in
                        let read = reads[index]
                        answers[index] = try Self.found(span, of: read.key, unless: read.hash).reply(rules)
                    }
                } catch {
                    // One damaged key fails its batch's reads; each key alone then tells which it is.
                    answers = reads.map { Self.readAlone($0.key, engine, rules) }
                }
                whenDone(answers, tracer?.read(since: begun, keys: reads.count))
            }
        } catch {
            whenDone(reads.map { _ in .failed(ReplicaError(error)) }, nil)
        }
    }

    /// What was found of a key.
    private enum Found {
        case nothing
        case same
        case state([UInt8])

        func reply(_ rules: ReplicaWriteJob.Rules) throws(EngineError) -> PeerReply {
            switch self {
            case .nothing: .versions(nil)
            case .same: .same
            case .state(let bytes): .versions(try rules.decode(bytes))
            }
        }
    }

    private static func found(_ state: RawSpan?, of key: StorageKey, unless hash: UInt64?) -> Found {
        guard let state else { return .nothing }
        if let hash, RowChange.hash(of: key, state: state) == hash { return .same }
        return .state([UInt8](copying: state))
    }

    /// Applies `entries` in one commit and calls `whenDone` on the writer thread, or one that stands for it (`EngineWriteJob`).
    ///
    /// - Parameter tellsCommit: Whether some of them are recorded, so that `whenDone` is told of the commit.
    func write(
        _ entries: consuming [ReplicaWriteJob.Entry], tellsCommit: Bool = false,
        whenDone: @escaping ReplicaWriteJob.WhenDone
    ) {
        ReplicaWriteJob(
            entries, rules: rules, issuer: issuer, hints: hints, trees: trees, clocks: clocks,
            tellsCommit: tellsCommit, whenDone: whenDone
        ).submit(to: executor)
    }

    /// What is kept here of `key` for any of `targets`, on a reader thread.
    ///
    /// - Parameter tracer: If that is recorded: by its clock `whenDone` is told of the reading.
    func hints(
        of key: StorageKey, for targets: [NodeID], timedBy tracer: NodeTracer?,
        whenDone: @escaping @Sendable (PeerReply, EngineRead?) -> Void
    ) {
        read(timedBy: tracer, whenDone: whenDone) { (engine) throws(EngineError) in
            .versions(try engine.hints(of: key, for: targets))
        }
    }

    /// One page of a bucket, on a reader thread; the rest is as above.
    func list(
        _ list: ReplicaList, timedBy tracer: NodeTracer?,
        whenDone: @escaping @Sendable (PeerReply, EngineRead?) -> Void
    ) {
        read(timedBy: tracer, whenDone: whenDone) { (engine) throws(EngineError) in
            try Self.page(of: list, engine)
        }
    }

    /// What `body` reads, on a reader thread.
    private func read(
        timedBy tracer: NodeTracer?, whenDone: @escaping @Sendable (PeerReply, EngineRead?) -> Void,
        _ body: @escaping @Sendable (any StorageEngine) throws(EngineError) -> PeerReply
    ) {
        do throws(EngineError) {
            try executor.submitRead { engine in
                let begun = tracer?.now
                let reply: PeerReply
                do throws(EngineError) { reply = try body(engine) } catch {
                    reply = .failed(ReplicaError(error))
                }
                whenDone(reply, tracer?.read(since: begun, keys: nil))
            }
        } catch {
            whenDone(.failed(ReplicaError(error)), nil)
        }
    }

    /// What the hash trees say: at once if that needs no reading, else on a reader thread.
    func tree(_ request: TreeRequest, whenDone: @escaping @Sendable (PeerReply) -> Void) {
        switch request {
        case .roots(let refs): whenDone(.tree(.roots(roots(refs))))
        case .children(let request): whenDone(.tree(.children(trees.children(request))))
        case .keys(let request): keys(request, whenDone: whenDone)
        case .agreed(let agreements):
            agree(agreements) { result in
                switch result {
                case .success: whenDone(.tree(.noted))
                case .failure(let error): whenDone(.failed(ReplicaError(error)))
                }
            }
        }
    }

    /// What is told of the partitions: what was seen first, then the sums, which have all of it.
    func roots(_ refs: [TreeRef]) -> [TreeRoot?] {
        let told = refs.map { clocks.told(of: $0.partition) }
        return zip(trees.roots(refs), told).map { sum, told in
            sum.map { TreeRoot(sum: $0, clock: told.clock, token: told.token) }
        }
    }

    /// Has the clocks take note; calls `whenDone` on the writer thread or one that stands for it, or at once if the queue is full.
    func agree(
        _ agreements: [TreeAgreement], whenDone: @escaping @Sendable (Result<Void, EngineError>) -> Void
    ) {
        let job = ClockJob(agreements, clocks: clocks, durability: rules.durability, whenDone: whenDone)
        do throws(EngineError) {
            try executor.submit(job)
        } catch {
            whenDone(.failure(error))
        }
    }

    private func keys(_ request: TreeKeysRequest, whenDone: @escaping @Sendable (PeerReply) -> Void) {
        do throws(EngineError) {
            try executor.submitRead { [trees] engine in
                do throws(EngineError) {
                    whenDone(.tree(.keys(try trees.keys(request, engine))))
                } catch {
                    whenDone(.failed(ReplicaError(error)))
                }
            }
        } catch {
            whenDone(.failed(ReplicaError(error)))
        }
    }

    /// A page of a partition, on a reader thread.
    func page(_ page: PageRequest, whenDone: @escaping @Sendable (PeerReply) -> Void) {
        do throws(EngineError) {
            try executor.submitRead { [clocks] engine in
                do throws(EngineError) {
                    // Before the rows are read.
                    let clock = clocks.told(of: page.partition).clock
                    whenDone(try Self.page(page, clock, engine))
                } catch {
                    whenDone(.failed(ReplicaError(error)))
                }
            }
        } catch {
            whenDone(.failed(ReplicaError(error)))
        }
    }

    private static func page(
        _ page: PageRequest, _ clock: PartitionClock, _ engine: any StorageEngine
    ) throws(EngineError) -> PeerReply {
        var range = KeyRange.partition(page.partition)
        if let after = page.after { range.lower = after.bytes + [0] }
        var rows: [PageRow] = []
        let rest = try engine.scan(.data, range, reverse: false, limit: ScanLimit(bytes: page.maxBytes)) {
            (key, value) throws(EngineError) in
            guard let key = StorageKey(bytes: [UInt8](copying: key)) else {
                throw EngineError(.corruption, "a stored key cannot be decoded")
            }
            rows.append(PageRow(key: key, state: [UInt8](copying: value)))
            return .next
        }
        return .page(rows: rows, isLast: rest == nil, clock: clock)
    }

    private static func readAlone(
        _ key: StorageKey, _ engine: any StorageEngine, _ rules: ReplicaWriteJob.Rules
    ) -> PeerReply {
        do throws(EngineError) {
            return .versions(try engine.get(.data, key.bytes).map(rules.decode))
        } catch {
            return .failed(ReplicaError(error))
        }
    }

    private static func page(of list: ReplicaList, _ engine: any StorageEngine) throws(EngineError)
        -> PeerReply
    {
        var rows: [ListRow] = []
        var bytes = 0
        for partition in list.firstPartition...list.lastPartition {
            var range = KeyRange.prefix(
                StorageKey.bucketPrefix(partition: partition, bucket: list.bucket) + list.prefix)
            if let after = list.after, after.bytes >= range.lower { range.lower = after.bytes + [0] }
            if let upper = range.upper, range.lower >= upper { continue }
            _ = try engine.scan(
                .data, range, reverse: false, limit: ScanLimit(rows: list.limit - rows.count)
            ) { (key, value) throws(EngineError) in
                guard let key = StorageKey(bytes: [UInt8](copying: key)) else {
                    throw EngineError(.corruption, "a stored key cannot be decoded")
                }
                let versions = try Versions.stored([UInt8](copying: value)).withoutValues
                rows.append(ListRow(key: key, versions: versions))
                bytes += key.bytes.count + VersionsCodec.estimatedSize(versions)
                return bytes < ListCoordinator.maximumPageBytes ? .next : .stop
            }
            if rows.count >= list.limit || bytes >= ListCoordinator.maximumPageBytes {
                return .listed(rows: rows, isLast: false)
            }
        }
        return .listed(rows: rows, isLast: true)
    }
}

extension KeyRange {
    /// All keys of a partition.
    static func partition(_ partition: Int) -> KeyRange {
        let range = StorageKey.range(ofPartition: partition)
        return KeyRange(lower: range.lower, upper: range.upper)
    }
}

extension [UInt8] {
    /// Order of unsigned bytes, as the engines have it.
    static func >= (a: [UInt8], b: [UInt8]) -> Bool { !a.lexicographicallyPrecedes(b) }
}
