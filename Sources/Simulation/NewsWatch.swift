import Cluster
import ClusterCore
import Engine

/// Sees that no replica takes for new what its clock says that it has seen, and what it holds no more: that was replaced or
/// reaped.
final class NewsWatch {
    /// The n of every bucket.
    private let n: Int
    private let report: (String) -> Void

    init(n: Int, report: @escaping (String) -> Void) {
        self.n = n
        self.report = report
    }

    /// - Parameter before: What the node's disk held before the batch.
    func check(_ batch: WriteBatch, on before: MemoryImage, at node: String) {
        do {
            try batch.forEach { (keyspace, key, value) throws(EngineError) in
                // What cannot be decoded is reported by others who look at it.
                guard keyspace == .data, let value, let key = StorageKey(bytes: [UInt8](copying: key)),
                    let new = try? VersionsCodec.decode([UInt8](copying: value)),
                    let clock = try? before.partitionClock(key.partition)
                else { return }
                let old = try before.get(.data, key.bytes).flatMap { try? VersionsCodec.decode($0) }
                let held = Set(old?.siblings.map(\.dot) ?? [])
                for sibling in new.siblings where !held.contains(sibling.dot) && clock[n].covers(sibling.dot)
                {
                    report(
                        "\(String(decoding: key.key, as: UTF8.self)): \(node) takes in \(sibling.dot) again, which it has seen and lost"
                    )
                }
            }
        } catch {
            report("\(node): \(error)")
        }
    }
}
