import ClusterCore

/// What the clients asked for and were told, and what must be true of it.
final class History {
    /// A write by its value, which no other write has.
    typealias WriteID = String

    struct Write {
        var key: Int
        /// The writes that the client had been shown, and whose context it passed back.
        var seen: Set<WriteID>
        var isDelete: Bool
        /// When the client was told that it is stored, if it was.
        var acknowledgedAt: UInt64?
        var dot: Dot?
    }

    private(set) var writes: [WriteID: Write] = [:]
    private var order: [WriteID] = []
    /// Of each key, the acknowledged writes whose dots the clients were shown.
    private(set) var acknowledgedDots: [Int: [(id: WriteID, dot: Dot)]] = [:]
    private(set) var reads = 0
    private(set) var failures = 0
    private let report: (String) -> Void
    /// When a replica lost data that it had acknowledged, until all replicas were brought up to date again.
    private var losses: [ClosedRange<UInt64>] = []
    private var lossBegan: UInt64?

    init(report: @escaping (String) -> Void) { self.report = report }

    var acknowledged: Int { order.count { writes[$0]?.acknowledgedAt != nil } }

    func begin(_ id: WriteID, _ write: Write) {
        writes[id] = write
        order.append(id)
    }

    func acknowledge(_ id: WriteID, at time: UInt64, dot: Dot?) {
        writes[id]?.acknowledgedAt = time
        writes[id]?.dot = dot
        if let dot, let key = writes[id]?.key { acknowledgedDots[key, default: []].append((id, dot)) }
    }

    func noteFailure() { failures += 1 }

    // MARK: Times at which a quorum of reads need not meet every acknowledged write

    func replicaLostData(at time: UInt64) { lossBegan = lossBegan ?? time }

    func replicasRepaired(at time: UInt64) {
        guard let began = lossBegan else { return }
        losses.append(began...time)
        lossBegan = nil
    }

    /// Whether a replica lost data and not all were brought up to date since.
    var isLosing: Bool { lossBegan != nil }

    private func isExempt(_ range: ClosedRange<UInt64>) -> Bool {
        if let lossBegan, range.upperBound >= lossBegan { return true }
        return losses.contains { $0.overlaps(range) }
    }

    // MARK: Checks

    /// No value stands beside one whose writer had seen it: there are never more siblings than concurrent writes.
    func checkSiblings(_ shown: Set<WriteID>, of key: Int) {
        for id in shown.sorted() {
            for old in (writes[id]?.seen ?? []).intersection(shown).sorted() {
                report("k\(key) shows \(old) beside \(id), whose writer had seen it")
            }
        }
    }

    /// With R + W > N and strict quorums, a read sees, or knows to be overwritten, every write that was acknowledged before it began.
    func checkRead(of key: Int, _ context: VersionVector, from start: UInt64, to end: UInt64, isSloppy: Bool)
    {
        reads += 1
        if isSloppy || isExempt(start...end) { return }
        for id in order {
            guard let write = writes[id], write.key == key, let time = write.acknowledgedAt, time < start,
                let dot = write.dot, !context.covers(dot)
            else { continue }
            report("a read of k\(key) at \(start / 1_000_000) ms doesn't know \(id), acknowledged before it")
        }
    }

    /// No acknowledged write is gone, unless a client that had seen it overwrote or deleted it; and what an acknowledged
    /// write overwrote or deleted has not come back.
    ///
    /// - Parameter values: What is left of a key.
    func checkEnd(of key: Int, values: Set<WriteID>) {
        let own = order.filter { writes[$0]?.key == key }
        var followers: [WriteID: [WriteID]] = [:]
        for id in own { for seen in writes[id]!.seen { followers[seen, default: []].append(id) } }
        for id in own where writes[id]!.acknowledgedAt != nil {
            if !writes[id]!.isDelete, !isLeft(id, in: values, followers) {
                report("\(id) of k\(key) was acknowledged and is gone")
            }
            for old in writes[id]!.seen.intersection(values).sorted() {
                report("\(old) of k\(key) is back, though \(id) replaced it")
            }
        }
        for id in values.sorted() where writes[id]?.key != key {
            report("k\(key) has the value \(id), which nobody wrote there")
        }
    }

    /// Whether `id`, or a write that replaced it, or one that replaced that, is among `values`, or is a delete.
    private func isLeft(
        _ id: WriteID, in values: Set<WriteID>, _ followers: [WriteID: [WriteID]]
    ) -> Bool {
        var open = [id]
        var visited: Set<WriteID> = [id]
        while let next = open.popLast() {
            if writes[next]!.isDelete || values.contains(next) { return true }
            for follower in followers[next] ?? [] where visited.insert(follower).inserted {
                open.append(follower)
            }
        }
        return false
    }
}
