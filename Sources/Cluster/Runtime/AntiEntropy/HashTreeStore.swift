import ClusterCore
import Engine
import Synchronization

/// The hash trees of what this node holds, kept up to date by its writes and asked by its peers.
///
/// Changes are told on the engine's writer thread, in the order of the commits; questions may come on any thread.
final class HashTreeStore: Sendable {
    private struct State {
        var trees: HashTrees
        /// By which each key is counted.
        var sizes: BucketSizeTable
        /// Whether a commit of this run has failed.
        var hasFailed = false
        /// Partitions that could not be scanned: the others go first.
        var unreadable: Set<Int> = []

        /// Which page is to be scanned next.
        mutating func nextScan() -> (partition: Int, after: StorageKey?)? {
            if let next = trees.nextScan(excluding: unreadable) { return next }
            unreadable = []
            return trees.nextScan(excluding: [])
        }
    }

    private let state: Mutex<State>
    let shape: TreeShape

    /// - Parameter stored: Trees that the last run left, complete and with all of its writes.
    init(_ stored: [HashTree], partitionCount: Int, held: Set<Int>, sizes: BucketSizeTable) {
        var trees = HashTrees(partitionCount: partitionCount)
        trees.hold(held)
        for tree in stored { trees.restore(tree) }
        shape = trees.shape
        state = Mutex(State(trees: trees, sizes: sizes))
    }

    // MARK: Changes

    /// A commit has made these changes.
    func committed(_ changes: [RowChange]) {
        state.withLock { state in
            for change in changes { state.trees.update(change, n: state.sizes.n(of: change.key)) }
        }
    }

    /// A commit has failed. Nobody reads any of it in this run, but the next may find it on the disk.
    func commitFailed() { state.withLock { $0.hasFailed = true } }

    /// The tree is not to be trusted: it is built anew.
    func unbuild(_ partition: Int) { state.withLock { $0.trees.unbuild(partition) } }

    /// The node holds these partitions now, and no others.
    func hold(_ partitions: Set<Int>) { state.withLock { $0.trees.hold(partitions) } }

    /// The properties of buckets are these now.
    ///
    /// - Returns: Whether the trees have to be built anew.
    func use(_ sizes: BucketSizeTable) -> Bool {
        state.withLock { state in
            guard sizes != state.sizes else { return false }
            state.sizes = sizes
            state.trees.unbuildAll()
            return true
        }
    }

    // MARK: Building

    /// Scans the next page of what is not built. On the writer thread, between two commits.
    ///
    /// - Returns: Bytes of its rows, and whether all trees are complete now.
    func build(
        _ engine: any StorageEngine, maxBytes: Int
    ) throws(EngineError) -> (bytes: Int, isComplete: Bool) {
        let (next, sizes) = state.withLock { ($0.nextScan(), $0.sizes) }
        guard let next else { return (0, true) }
        do throws(EngineError) {
            let (page, bytes) = try Self.scan(next, sizes, engine, maxBytes: maxBytes)
            let isComplete = state.withLock { state in
                // A page that was counted by other sizes is of no use any more.
                if sizes == state.sizes { state.trees.add(page) }
                return state.nextScan() == nil
            }
            return (bytes, isComplete)
        } catch {
            state.withLock { _ = $0.unreadable.insert(next.partition) }
            throw error
        }
    }

    private static func scan(
        _ next: (partition: Int, after: StorageKey?), _ sizes: BucketSizeTable,
        _ engine: any StorageEngine, maxBytes: Int
    ) throws(EngineError) -> (page: TreePage, bytes: Int) {
        var bytes = 0
        var page = TreePage(partition: next.partition, after: next.after) { sizes[$0] }
        let rest = try engine.rows(
            of: next.partition, after: next.after, limit: ScanLimit(bytes: maxBytes)
        ) { (key, state) throws(EngineError) in
            bytes += key.bytes.count + state.byteCount
            page.add(key, state: state)
            return .next
        }
        page.isLast = rest == nil
        return (page, bytes)
    }

    // MARK: Answers

    func roots(_ trees: [TreeRef]) -> [UInt64?] { state.withLock { $0.trees.roots(trees) } }

    func children(_ request: TreeChildrenRequest) -> [UInt64]? {
        state.withLock { $0.trees.children(request) }
    }

    /// A page of keys. Reads the engine.
    func keys(_ request: TreeKeysRequest, _ engine: any StorageEngine) throws(EngineError) -> TreeKeysReply {
        let sizes = state.withLock { $0.sizes }
        var scan = TreeKeysScan(request, shape: shape) { sizes[$0] }
        let rest = try engine.rows(
            of: request.tree.partition, after: request.after, limit: ScanLimit(rows: request.maxRows)
        ) { (key, state) throws(EngineError) in
            scan.add(key, state: state) ? .next : .stop
        }
        return scan.reply(isLast: rest == nil)
    }

    /// How many trees there are, and how many of them can be compared.
    var counts: (all: Int, complete: Int) {
        state.withLock { ($0.trees.count, $0.trees.completeCount) }
    }

    /// What the next run may go on with, when nothing is written any more.
    var toStore: StoredTrees {
        state.withLock { StoredTrees($0.hasFailed ? [] : $0.trees.complete, countedBy: $0.sizes) }
    }
}

extension EngineReader {
    /// Visits the rows of a partition behind `after`, in the order of the keys; see `scan`.
    func rows(
        of partition: Int, after: StorageKey?, limit: ScanLimit,
        _ body: (StorageKey, RawSpan) throws(EngineError) -> ScanStep
    ) throws(EngineError) -> KeyRange? {
        var range = KeyRange.partition(partition)
        if let after { range.lower = after.bytes + [0] }
        return try scan(.data, range, reverse: false, limit: limit) { (key, state) throws(EngineError) in
            guard let key = StorageKey(bytes: [UInt8](copying: key)) else {
                throw EngineError(.corruption, "a stored key cannot be decoded")
            }
            return try body(key, state)
        }
    }
}
