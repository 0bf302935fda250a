/// The hash trees of all partitions that a node holds.
///
/// Changes belong to the engine's writer thread, in the order of its commits (`HashTree`); where other threads ask, the
/// runtime has to see to the exclusion.
public struct HashTrees: Sendable {
    public let shape: TreeShape
    private var trees: [Int: HashTree] = [:]

    /// - Precondition: `partitionCount` is a power of two from 1 to 65,536.
    public init(partitionCount: Int) { shape = TreeShape(partitionCount: partitionCount) }

    /// How many trees there are, and how many of them can be compared.
    public var count: Int { trees.count }
    public var completeCount: Int { trees.values.count(where: \.isComplete) }

    public subscript(partition: Int) -> HashTree? { trees[partition] }

    /// All that can be compared, by partition.
    public var complete: [HashTree] {
        trees.values.filter(\.isComplete).sorted { $0.partition < $1.partition }
    }

    // MARK: Changes

    /// Keeps trees of these partitions, new ones unbuilt, and of no others.
    public mutating func hold(_ partitions: Set<Int>) {
        trees = trees.filter { partitions.contains($0.key) }
        for partition in partitions where trees[partition] == nil {
            trees[partition] = HashTree(partition: partition, shape: shape)
        }
    }

    /// See `HashTree.update`. Nothing, if the key's partition is not held.
    public mutating func update(_ change: RowChange, n: Int) {
        trees[change.key.partition]?.update(change, n: n)
    }

    /// Rows of the partition were changed in a way that was not told, or told and not committed.
    public mutating func unbuild(_ partition: Int) { trees[partition]?.unbuild() }

    /// The n of a bucket has changed: its keys may lie in any partition.
    public mutating func unbuildAll() {
        for partition in trees.keys { trees[partition]?.unbuild() }
    }

    /// A tree that was stored, of a partition that is held: nothing has been written there since.
    public mutating func restore(_ tree: HashTree) {
        guard trees[tree.partition] != nil, tree.shape == shape else { return }
        trees[tree.partition] = tree
    }

    // MARK: Building

    /// Which page to scan next; nil once every tree but those excluded is complete.
    public func nextScan(excluding partitions: Set<Int> = []) -> (partition: Int, after: StorageKey?)? {
        let unbuilt = trees.values.filter { !$0.isComplete && !partitions.contains($0.partition) }
            .min { $0.partition < $1.partition }
        guard let unbuilt, case .upTo(let last) = unbuilt.coverage else { return nil }
        return (unbuilt.partition, last)
    }

    /// A page was scanned; it shows all writes of which the tree was told before, and no later ones.
    public mutating func add(_ page: TreePage) { trees[page.partition]?.add(page) }

    // MARK: Answers

    /// The answer to `TreeRequest.roots`.
    public func roots(_ refs: [TreeRef]) -> [UInt64?] {
        refs.map { trees[$0.partition]?.root(depth: $0.depth) }
    }

    /// The answer to `TreeRequest.children`; a tree that is not held is as one that is not complete.
    public func children(_ request: TreeChildrenRequest) -> [UInt64]? {
        guard request.level < shape.levels else { return nil }
        return trees[request.tree.partition]?.children(
            of: request.nodes, level: request.level, depth: request.tree.depth)
    }
}
