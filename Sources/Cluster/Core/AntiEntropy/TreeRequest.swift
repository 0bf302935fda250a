/// Which sums of a partition's tree two replicas compare.
public struct TreeRef: Hashable, Sendable {
    public var partition: Int
    /// The greater of the two replicas' places in the partition's list, from 0: only keys of n > depth count.
    public var depth: Int

    public init(partition: Int, depth: Int) {
        self.partition = partition
        self.depth = depth
    }

    var isWellFormed: Bool {
        0..<Layout.maxPartitionCount ~= partition && 0..<Layout.maxReplicationFactor ~= depth
    }
}

/// What one replica asks of another, or of itself, to find out where they differ.
public enum TreeRequest: Equatable, Sendable {
    /// The root of each, 1 to `maxRoots`.
    case roots([TreeRef])
    case children(TreeChildrenRequest)
    case keys(TreeKeysRequest)
    /// Take note that you have seen of each what I had: 1 to `maxRoots`.
    case agreed([TreeAgreement])

    public static let maxRoots = 4096
}

/// The sums of the children of some nodes.
public struct TreeChildrenRequest: Equatable, Sendable {
    public var tree: TreeRef
    /// Of the nodes; the root's is 0.
    public var level: Int
    /// Ascending, each once, at least one.
    public var nodes: [Int]

    public init(tree: TreeRef, level: Int, nodes: [Int]) {
        self.tree = tree
        self.level = level
        self.nodes = nodes
    }

    var isWellFormed: Bool {
        guard tree.isWellFormed, 0..<TreeShape.maxLevels ~= level, let first = nodes.first, first >= 0,
            nodes.last! < TreeShape.nodeCount(atLevel: level)
        else { return false }
        return zip(nodes, nodes.dropFirst()).allSatisfy { $0 < $1 }
    }
}

/// A page of the keys in some leaves, in the order of the keys.
public struct TreeKeysRequest: Equatable, Sendable {
    public static let bytesLimit = 4 << 20
    public static let rowsLimit = 65_536

    public var tree: TreeRef
    /// At least one.
    public var leaves: LeafSet
    /// Where the last page ended, itself excluded; nil from the start.
    public var after: StorageKey?
    /// Bytes of the reply after which the page ends; the row that reaches them is part of it. 1 to `bytesLimit`.
    public var maxBytes: Int
    /// Rows of the partition after which it ends, in these leaves or not. 1 to `rowsLimit`.
    public var maxRows: Int

    public init(tree: TreeRef, leaves: LeafSet, after: StorageKey?, maxBytes: Int, maxRows: Int) {
        self.tree = tree
        self.leaves = leaves
        self.after = after
        self.maxBytes = maxBytes
        self.maxRows = maxRows
    }

    var isWellFormed: Bool {
        tree.isWellFormed && !leaves.isEmpty && after.map { $0.partition == tree.partition } ?? true
            && 1...Self.bytesLimit ~= maxBytes && 1...Self.rowsLimit ~= maxRows
    }
}

/// What a replica answers to a `TreeRequest` of the same name.
public enum TreeReply: Equatable, Sendable {
    /// One for each that was asked for; nil where the tree is not complete.
    case roots([TreeRoot?])
    /// 16 for each node that was asked for; nil if the tree is not complete.
    case children([UInt64]?)
    case keys(TreeKeysReply)
    case noted
}

/// What a replica says of a partition, for another to compare.
public struct TreeRoot: Equatable, Sendable {
    /// The sum of all that counts.
    public var sum: UInt64
    /// What the replica had seen before the sum was read; its own writes included.
    public var clock: PartitionClock
    /// Under which its clocks can be told what follows from this (`TreeAgreement`).
    public var token: UInt64

    public init(sum: UInt64, clock: PartitionClock, token: UInt64) {
        self.sum = sum
        self.clock = clock
        self.token = token
    }
}

/// That two replicas held the same, or were made to: each has seen then what the other had.
public struct TreeAgreement: Equatable, Sendable {
    public var tree: TreeRef
    /// What is seen now.
    public var clock: PartitionClock
    /// The `TreeRoot.token` of whom it is told. If that has changed since, it may no longer be true.
    public var token: UInt64

    public init(tree: TreeRef, clock: PartitionClock, token: UInt64) {
        self.tree = tree
        self.clock = clock
        self.token = token
    }
}

public struct TreeKeysReply: Equatable, Sendable {
    /// Ascending by key.
    public var rows: [KeyRow]
    /// The page has all that the leaves hold up to this key, itself included; nil: to the partition's end.
    public var upTo: StorageKey?

    public init(rows: [KeyRow], upTo: StorageKey?) {
        self.rows = rows
        self.upTo = upTo
    }

    /// Whether the rows ascend, and none lies behind `upTo`.
    var isWellFormed: Bool {
        guard let last = rows.last else { return true }
        return upTo.map { !$0.sortsBefore(last.key) } ?? true
            && zip(rows, rows.dropFirst()).allSatisfy { $0.key.sortsBefore($1.key) }
    }
}

/// A key that a replica holds, with a hash of it and its state.
public struct KeyRow: Equatable, Sendable {
    public var key: StorageKey
    public var hash: UInt64
    /// Bytes of the encoded state.
    public var size: Int

    public init(key: StorageKey, hash: UInt64, size: Int) {
        self.key = key
        self.hash = hash
        self.size = size
    }
}
