import ClusterCore

/// What the clients asked for and were told, and what must be true of it.
final class History {
    /// A write by its value, which no other write has.
    typealias WriteID = String

    struct Write {
        var key: Int
        /// The writes that the client had been shown, and whose context it passed back.
        var seen: Set<WriteID>
        /// Whether it is a delete, or expires: what stands for it may be reaped in the end.
        var mayVanish: Bool
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
    /// Whether a write was repeated by a node that had forwarded it to another which ended. What the other alone had stored
    /// comes back with it, whatever has become of the repeated one.
    private let isRepeated: (WriteID) -> Bool
    /// When a replica lost data that it had acknowledged, until all replicas were brought up to date again.
    private var losses: [ClosedRange<UInt64>] = []
    private var lossBegan: UInt64?

    init(isRepeated: @escaping (WriteID) -> Bool, report: @escaping (String) -> Void) {
        self.isRepeated = isRepeated
        self.report = report
    }

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

    func isExempt(_ range: ClosedRange<UInt64>) -> Bool {
        if let lossBegan, range.upperBound >= lossBegan { return true }
        return losses.contains { $0.overlaps(range) }
    }

    // MARK: Checks

    /// No value stands beside one whose writer had seen it: there are never more siblings than concurrent writes.
    func checkSiblings(_ shown: Set<WriteID>, of key: Int) {
        for id in shown.sorted() {
            for old in (writes[id]?.seen ?? []).intersection(shown).sorted() where !isRepeated(old) {
                report("k\(key) shows \(old) beside \(id), whose writer had seen it")
            }
        }
    }

    /// With R + W > N and strict quorums, a read sees, or knows to be overwritten, every write that was acknowledged before
    /// it began. Or it shows nothing of it, where that was deleted or has expired, and was reaped.
    func checkRead(
        of key: Int, shown: Set<WriteID>, _ context: VersionVector, from start: UInt64, to end: UInt64,
        isSloppy: Bool
    ) {
        reads += 1
        if isSloppy || isExempt(start...end) { return }
        let own = order.filter { writes[$0]?.key == key }
        let unknown = own.filter { id in
            guard let time = writes[id]!.acknowledgedAt, time < start, let dot = writes[id]!.dot else {
                return false
            }
            return !context.covers(dot)
        }
        if unknown.isEmpty { return }
        let followers = followers(of: own)
        for id in unknown where !mayBeReaped(id, shown: shown, followers) {
            report("a read of k\(key) at \(start / 1_000_000) ms doesn't know \(id), acknowledged before it")
        }
    }

    /// Whether `id`, or what came after it, was deleted or could expire, and nothing that this replaced is shown.
    private func mayBeReaped(
        _ id: WriteID, shown: Set<WriteID>, _ followers: [WriteID: [WriteID]]
    ) -> Bool {
        reached(from: [id]) { followers[$0] ?? [] }.contains { end in
            writes[end]!.mayVanish && reached(from: [end]) { Array(writes[$0]!.seen) }.isDisjoint(with: shown)
        }
    }

    /// All that can be reached by `next`, the beginning included.
    private func reached(from start: [WriteID], _ next: (WriteID) -> [WriteID]) -> Set<WriteID> {
        var open = start
        var visited = Set(start)
        while let id = open.popLast() {
            for other in next(id) where visited.insert(other).inserted { open.append(other) }
        }
        return visited
    }

    /// By each write, those whose writers had seen it.
    private func followers(of ids: [WriteID]) -> [WriteID: [WriteID]] {
        var followers: [WriteID: [WriteID]] = [:]
        for id in ids { for seen in writes[id]!.seen { followers[seen, default: []].append(id) } }
        return followers
    }

    /// No acknowledged write is gone, unless a client that had seen it overwrote or deleted it; and what an acknowledged
    /// write overwrote or deleted has not come back.
    ///
    /// - Parameter values: What is left of a key.
    func checkEnd(of key: Int, values: Set<WriteID>) {
        let own = order.filter { writes[$0]?.key == key }
        let followers = followers(of: own)
        for id in own where writes[id]!.acknowledgedAt != nil {
            // Something is left of it: its value, or that of what replaced it, or nothing of what was deleted.
            let ends = reached(from: [id]) { followers[$0] ?? [] }
            if !ends.contains(where: { writes[$0]!.mayVanish || values.contains($0) }) {
                report("\(id) of k\(key) was acknowledged and is gone")
            }
            for old in writes[id]!.seen.intersection(values).sorted() where !isRepeated(old) {
                report("\(old) of k\(key) is back, though \(id) replaced it")
            }
        }
        for id in values.sorted() where writes[id]?.key != key {
            report("k\(key) has the value \(id), which nobody wrote there")
        }
    }
}
