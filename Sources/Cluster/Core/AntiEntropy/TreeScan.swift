/// A page of a partition, hashed for its tree (`HashTree.add`).
public struct TreePage {
    struct Row {
        let keyHash: UInt64
        let hash: UInt64
        let n: Int
    }

    public let partition: Int
    /// Where the page begins, itself excluded.
    public let after: StorageKey?
    private(set) var rows: [Row] = []
    private(set) var last: StorageKey?
    /// Whether the partition has no more. To be set by whoever scans.
    public var isLast = false
    private var sizes: BucketSizes

    /// - Parameters:
    ///   - partition: See `HashTrees.nextScan`, as for `after`.
    ///   - n: The number of replicas of the bucket of this name.
    public init(partition: Int, after: StorageKey?, n: @escaping (String) -> Int) {
        self.partition = partition
        self.after = after
        sizes = BucketSizes(n)
    }

    /// The next row, in the order of the keys; nothing of it is kept.
    public mutating func add(_ key: StorageKey, state: RawSpan) {
        let keyHash = TreeHash.ofKey(key)
        let hash = TreeHash.ofRow(keyHash: keyHash, state: state)
        rows.append(Row(keyHash: keyHash, hash: hash, n: sizes.n(of: key)))
        last = key
    }
}

/// Makes the answer to a `TreeKeysRequest` from the rows of its partition behind `after`, in the order of the keys.
public struct TreeKeysScan {
    private let request: TreeKeysRequest
    private let shape: TreeShape
    private var sizes: BucketSizes
    private var rows: [KeyRow] = []
    private var bytes = 0
    private var scanned = 0
    private var last: StorageKey?

    /// - Parameter n: The number of replicas of the bucket of this name.
    public init(_ request: TreeKeysRequest, shape: TreeShape, n: @escaping (String) -> Int) {
        self.request = request
        self.shape = shape
        sizes = BucketSizes(n)
    }

    /// The next row.
    ///
    /// - Returns: Whether the page takes more.
    public mutating func add(_ key: StorageKey, state: RawSpan) -> Bool {
        let keyHash = TreeHash.ofKey(key)
        if request.leaves.contains(shape.leaf(ofKeyHash: keyHash)), sizes.n(of: key) > request.tree.depth {
            let hash = TreeHash.ofRow(keyHash: keyHash, state: state)
            rows.append(KeyRow(key: key, hash: hash, size: state.byteCount))
            bytes += key.bytes.count + Self.rowOverhead
        }
        scanned += 1
        last = key
        return scanned < request.maxRows && bytes < request.maxBytes
    }

    /// - Parameter isLast: Whether the partition has no row behind the last one added.
    public func reply(isLast: Bool) -> TreeKeysReply {
        TreeKeysReply(rows: rows, upTo: isLast ? nil : last ?? request.after)
    }

    /// What a row takes besides its key: two lengths and the hash, about.
    private static let rowOverhead = 14
}

/// The n of one key after the other: in the order of the keys a bucket's are together, so its name is looked up once.
struct BucketSizes {
    private let n: (String) -> Int
    /// The bucket of the last key, as its keys begin behind the partition, and its n.
    private var last: (name: ArraySlice<UInt8>, n: Int)?

    init(_ n: @escaping (String) -> Int) { self.n = n }

    mutating func n(of key: StorageKey) -> Int {
        let name = key.bytes[2..<(3 + Int(key.bytes[2]))]
        if let last, last.name == name { return last.n }
        let found = n(key.bucket)
        last = (name, found)
        return found
    }
}
