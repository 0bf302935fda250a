/// Some leaves of a partition's hash tree.
public struct LeafSet: Equatable, Sendable {
    /// A bit a leaf, as many as a tree may have: a scan asks for each row.
    private var words = [UInt64](repeating: 0, count: TreeShape.maxLeafCount / 64)

    public init() {}

    public init(_ leaves: some Sequence<Int>) {
        for leaf in leaves { insert(leaf) }
    }

    /// - Precondition: The leaf is from 0 to 4095.
    public mutating func insert(_ leaf: Int) { words[leaf >> 6] |= 1 << UInt64(leaf & 63) }

    public func contains(_ leaf: Int) -> Bool { words[leaf >> 6] >> UInt64(leaf & 63) & 1 == 1 }

    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// Ascending.
    public var elements: [Int] { (0..<TreeShape.maxLeafCount).filter(contains) }
}
