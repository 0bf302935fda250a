/// A summary of what a replica holds of a partition, to find out cheaply where two replicas differ.
///
/// A hash tree (Merkle, "A Digital Signature Based on a Conventional Encryption Function", CRYPTO 1987; between replicas as
/// in DeCandia et al., "Dynamo", SOSP 2007), but each leaf is a *sum* of its rows' hashes and each inner node the sum of
/// its children (an additive hash of a set, after Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing",
/// EUROCRYPT 1997). So a write changes a leaf and the root by one difference, and nothing is read again. It finds
/// mistakes of chance, not of malice: whoever chooses values could make sums collide.
///
/// **Classes.** A key of a bucket of n replicas lies on the first n of its partition alone. Sums are kept for each n that
/// occurs, and replicas at the places a and b of a partition, from 0, compare the sums over all n > max(a, b), the
/// *depth* of their comparison: just the keys that both are to hold.
///
/// **Building.** A tree is built by pages of the partition in key order, while writes go on: a write at or before the last
/// scanned key counts at once, one behind it is met by the scan. Until the scan has ended nothing can be compared.
///
/// Writes and pages have to come in the order of the engine's commits, so all of it belongs to the writer thread.
public struct HashTree: Equatable, Sendable {
    enum Coverage: Equatable, Sendable {
        /// All keys up to this one, itself included; nil: none.
        case upTo(StorageKey?)
        case whole
    }

    /// The sums of the keys of buckets with `n` replicas.
    struct SizeClass: Equatable, Sendable {
        let n: Int
        var root: UInt64
        var leaves: [UInt64]
    }

    public let partition: Int
    public let shape: TreeShape
    private(set) var coverage: Coverage
    /// Ascending by n.
    private(set) var classes: [SizeClass]

    /// An unbuilt tree.
    public init(partition: Int, shape: TreeShape) {
        self.init(partition: partition, shape: shape, coverage: .upTo(nil), classes: [])
    }

    init(partition: Int, shape: TreeShape, coverage: Coverage, classes: [SizeClass]) {
        self.partition = partition
        self.shape = shape
        self.coverage = coverage
        self.classes = classes
    }

    /// Whether every key of the partition counts, so that it can be compared.
    public var isComplete: Bool { coverage == .whole }

    // MARK: Changes

    /// A row has changed.
    ///
    /// - Parameter n: Of the key's bucket. The same that its earlier states were counted with: when a bucket's n changes,
    ///   `unbuild` comes first.
    public mutating func update(_ change: RowChange, n: Int) {
        guard covers(change.key) else { return }
        add(change.delta, toLeaf: shape.leaf(ofKeyHash: change.keyHash), n: n)
    }

    /// The next page of the scan. One that doesn't begin where the scan stands is ignored: it was read before an
    /// `unbuild`.
    public mutating func add(_ page: TreePage) {
        guard coverage == .upTo(page.after), page.partition == partition else { return }
        for row in page.rows { add(row.hash, toLeaf: shape.leaf(ofKeyHash: row.keyHash), n: row.n) }
        if page.isLast {
            coverage = .whole
        } else if let last = page.last {
            coverage = .upTo(last)
        }
    }

    /// Forgets everything; the scan begins anew.
    public mutating func unbuild() {
        coverage = .upTo(nil)
        classes = []
    }

    private func covers(_ key: StorageKey) -> Bool {
        switch coverage {
        case .whole: true
        case .upTo(let last): last.map { !$0.sortsBefore(key) } ?? false
        }
    }

    private mutating func add(_ delta: UInt64, toLeaf leaf: Int, n: Int) {
        let index = index(ofClass: n)
        classes[index].root &+= delta
        classes[index].leaves[leaf] &+= delta
    }

    /// No place is beyond the greatest replication factor, so all greater n are alike.
    private mutating func index(ofClass n: Int) -> Int {
        let n = min(n, Layout.maxReplicationFactor)
        let index = classes.firstIndex { $0.n >= n } ?? classes.count
        if index == classes.count || classes[index].n != n {
            let leaves = [UInt64](repeating: 0, count: shape.leafCount)
            classes.insert(SizeClass(n: n, root: 0, leaves: leaves), at: index)
        }
        return index
    }

    // MARK: Sums

    /// The sum of all keys with n > `depth`; nil unless complete.
    public func root(depth: Int) -> UInt64? {
        guard isComplete else { return nil }
        return classes.reduce(0) { $1.n > depth ? $0 &+ $1.root : $0 }
    }

    /// The sums of the children of each of `nodes` of a level, in order; nil unless complete.
    ///
    /// - Precondition: The level is above the leaves, and has these nodes.
    public func children(of nodes: [Int], level: Int, depth: Int) -> [UInt64]? {
        guard isComplete else { return nil }
        var sums: [UInt64] = []
        sums.reserveCapacity(nodes.count * TreeShape.fanOut)
        for node in nodes {
            for child in node * TreeShape.fanOut..<(node + 1) * TreeShape.fanOut {
                let range = shape.leaves(below: child, atLevel: level + 1)
                sums.append(
                    classes.reduce(0) { $1.n > depth ? $1.leaves[range].reduce($0, &+) : $0 })
            }
        }
        return sums
    }
}
