/// The fallbacks of one put under a sloppy quorum: who stands in for which replica, and what became of it.
///
/// A fallback stands in for one replica at most, so that w copies are on w nodes.
struct StandIns: Sendable {
    private enum State { case waiting, stored, failed }

    private struct Entry {
        let node: NodeID
        let replica: NodeID
        var state = State.waiting
    }

    private var spare: ArraySlice<NodeID>
    private var entries: [Entry] = []

    /// - Parameter fallbacks: Preferred first; none of them a replica of the key. Empty under a strict quorum.
    init(_ fallbacks: [NodeID]) { spare = fallbacks[...] }

    /// Whether there is a fallback that stands in for nobody yet.
    var hasSpare: Bool { !spare.isEmpty }

    /// Whether a stand-in has neither stored its hint nor failed.
    var isWaiting: Bool { entries.contains { $0.state == .waiting } }

    /// The replicas whose stand-ins have stored their hints.
    var storedReplicas: [NodeID] { entries.filter { $0.state == .stored }.map(\.replica) }

    /// The replicas whose stand-ins have neither stored nor failed.
    var waitingReplicas: [NodeID] { entries.filter { $0.state == .waiting }.map(\.replica) }

    /// These have become replicas: they stand in for nobody any more, whatever they have yet to say of their hints.
    mutating func remove(_ nodes: [NodeID]) {
        spare = spare.filter { !nodes.contains($0) }[...]
        entries.removeAll { $0.state != .waiting && nodes.contains($0.node) }
    }

    /// The next fallback, which stands in for `replica` from now on; nil if there is none, or one stands in already.
    mutating func next(for replica: NodeID) -> NodeID? {
        guard !covers(replica), let node = spare.popFirst() else { return nil }
        entries.append(Entry(node: node, replica: replica))
        return node
    }

    /// Whether a fallback has stored, or may yet store, a hint for `replica`.
    func covers(_ replica: NodeID) -> Bool {
        entries.contains { $0.replica == replica && $0.state != .failed }
    }

    /// Notes what `node` did with its hint; answers for whom it stands, or nil if nothing was awaited of it.
    mutating func note(_ node: NodeID, stored: Bool) -> NodeID? {
        guard let index = entries.firstIndex(where: { $0.node == node && $0.state == .waiting }) else {
            return nil
        }
        entries[index].state = stored ? .stored : .failed
        return entries[index].replica
    }
}
