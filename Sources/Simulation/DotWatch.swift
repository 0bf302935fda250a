import ClusterCore
import Engine

/// Sees every state that any replica stores, and that no dot ever names two different writes.
final class DotWatch {
    private struct Write: Equatable {
        var key: [UInt8]
        var timestamp: Timestamp
        var content: Sibling.Content
    }

    private var writes: [Dot: Write] = [:]
    /// The dots under which a value was stored.
    private var dots: [[UInt8]: Set<Dot>] = [:]
    private let report: (String) -> Void

    init(report: @escaping (String) -> Void) { self.report = report }

    /// Whether a value was written twice, since its first coordinator was lost before it could tell.
    func isRepeated(_ value: String) -> Bool { (dots[Array(value.utf8)]?.count ?? 0) > 1 }

    func check(_ batch: WriteBatch, at node: String) {
        do throws(EngineError) {
            try batch.forEach { (keyspace, key, value) throws(EngineError) in
                guard keyspace == .data, let value else { return }
                let bytes = [UInt8](copying: key)
                guard let versions = try? VersionsCodec.decode([UInt8](copying: value)) else {
                    return report("\(node) stores what cannot be decoded")
                }
                for sibling in versions.siblings { note(sibling, key: bytes, at: node) }
            }
        } catch {
            report("\(node): \(error)")
        }
    }

    private func note(_ sibling: Sibling, key: [UInt8], at node: String) {
        if case .value(let bytes, _) = sibling.content { dots[bytes, default: []].insert(sibling.dot) }
        let write = Write(key: key, timestamp: sibling.timestamp, content: sibling.content)
        if let known = writes.updateValue(write, forKey: sibling.dot), known != write {
            report("\(node) stores a second write under the dot \(sibling.dot)")
        }
    }
}
