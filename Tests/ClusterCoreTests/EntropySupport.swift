@testable import ClusterCore

/// The n of the test buckets is in their names: "n1" to "n5".
func entropySize(ofBucket name: String) -> Int { Int(name.dropFirst())! }

func entropyKey(_ number: Int, n: Int = 3, partitionCount: Int = 1) -> StorageKey {
    let bytes = [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
    return StorageKey(bucket: "n\(n)", key: bytes, partitionCount: partitionCount)
}

/// A replica of a ring with one partition: its rows and their tree.
struct EntropyReplica {
    private(set) var rows: [StorageKey: Versions] = [:]
    private(set) var trees = HashTrees(partitionCount: 1)
    var shape: TreeShape { trees.shape }

    init() { trees.hold([0]) }

    /// In the engine's order.
    var keys: [StorageKey] { rows.keys.sorted { $0.sortsBefore($1) } }

    mutating func merge(_ versions: Versions, at key: StorageKey) {
        let old = rows[key]
        rows[key, default: Versions()].merge(versions, policy: .siblings)
        let change = RowChange(
            of: key, from: old.map(VersionsCodec.encode), to: VersionsCodec.encode(rows[key]!))
        trees.update(change, n: entropySize(ofBucket: key.bucket))
    }

    mutating func remove(_ key: StorageKey) {
        let old = rows.removeValue(forKey: key)
        let change = RowChange(of: key, from: old.map(VersionsCodec.encode), to: nil)
        trees.update(change, n: entropySize(ofBucket: key.bucket))
    }

    mutating func unbuild() { trees.unbuildAll() }

    /// The page that is to be scanned next.
    func page(rowLimit: Int) -> TreePage? {
        guard let (partition, after) = trees.nextScan() else { return nil }
        var page = TreePage(partition: partition, after: after, n: entropySize)
        let rest = keys.drop { key in after.map { !$0.sortsBefore(key) } ?? false }
        for key in rest.prefix(rowLimit) {
            page.add(key, state: VersionsCodec.encode(rows[key]!).span.bytes)
        }
        page.isLast = rest.count <= rowLimit
        return page
    }

    mutating func add(_ page: TreePage) { trees.add(page) }

    mutating func build(rowLimit: Int = 7) {
        while let page = page(rowLimit: rowLimit) { trees.add(page) }
    }

    func answer(_ request: TreeRequest) -> TreeReply {
        switch request {
        case .roots(let refs): return .roots(trees.roots(refs).map { $0.map(TreeRoot.init(sum:)) })
        case .agreed: return .noted
        case .children(let request): return .children(trees.children(request))
        case .keys(let request):
            var scan = TreeKeysScan(request, shape: shape, n: entropySize)
            let rest = keys.drop { key in request.after.map { !$0.sortsBefore(key) } ?? false }
            for (index, key) in rest.enumerated() {
                let goesOn = scan.add(key, state: VersionsCodec.encode(rows[key]!).span.bytes)
                if !goesOn { return .keys(scan.reply(isLast: index == rest.count - 1)) }
            }
            return .keys(scan.reply(isLast: true))
        }
    }
}

extension TreeRoot {
    /// Of a replica that has seen nothing.
    init(sum: UInt64) { self.init(sum: sum, clock: PartitionClock(sizes: 0), token: 0) }
}
