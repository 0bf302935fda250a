import ClusterCore

extension Shard {
    /// For a log line.
    func name(of node: NodeID) -> String {
        view.layout.readable.member(node)?.name ?? "a node that has left, \(String(node.rawValue, radix: 16))"
    }

    /// Whether the present view has `node` among its members.
    func isMember(_ node: NodeID) -> Bool {
        view.layout.readable.member(node) != nil || view.layout.other?.member(node) != nil
    }

    /// Who may stand in for the replicas of `sets`: nobody under a strict quorum, else those that can be reached first.
    func fallbacks(for sets: ReplicaSets, ofPartition partition: Int, _ quorum: QuorumMode) -> [NodeID] {
        guard quorum == .sloppy else { return [] }
        let targets = sets.targets
        let all = view.layout.readable.fallbacks(
            ofPartition: partition, excluding: targets, limit: 2 * targets.count)
        return all.filter(isReachable) + all.filter { !isReachable($0) }
    }

    /// Throws if a replica is away, nobody else can stand in for it, and there is no room for its hint here.
    func checkRoomForHints(_ sets: ReplicaSets, fallbacks: [NodeID]) throws(RequestError) {
        guard context.configuration.handoff.whenFull == .refuse else { return }
        guard !fallbacks.contains(where: isReachable) else { return }
        for node in sets.targets where !isReachable(node) {
            guard let limit = context.hints.limit(reachedFor: node) else { continue }
            context.hints.noteRefusedWrite()
            throw RequestError(
                .overloaded,
                "a replica is away and the write cannot be kept for it: \(limit.inWords); nothing was written",
                replicasNeeded: sets.targets.count)
        }
    }
}
