import ClusterCore

/// What becomes of a write whose coordinator cannot read or write its own replica of the key.
///
/// A coordinator needs what it has of the key: it may hold an earlier write of its own that nobody else has, and its next
/// one would be taken to follow upon that. So another replica coordinates. That one goes by its own copy.
extension Shard {
    /// Has another replica of the key coordinate the write, or leaves that to the node that has sent it here.
    ///
    /// - Returns: False if this node is to answer itself: the failure is not one of its files, the write may have been done,
    ///   or nobody else can be reached.
    func handOver(_ intent: WriteIntent, after failure: LocalFailure) -> Bool {
        guard failure.leavesItToOthers else { return false }
        if intent.attempt.isForwarded {
            let reason = "this replica of the key fails: \(failure.error.message)"
            answer(
                intent.attempt, .failed(RequestError(.replicaDamaged, reason)), about: .key(intent.key))
            return true
        }
        // The quorum was resolved when the request came.
        guard let sets = try? replicaSets(of: intent) else { return false }
        let others = readable(sets).filter { $0 != context.selfID && isReachable($0) }
        guard !others.isEmpty else { return false }
        begin(intent.attempt) { id in
            ForwardOperation(
                id: id, shard: self, request: intent.wire, key: intent.key, replicas: others,
                attempt: intent.attempt
            ) { self.coordinate(intent, $0) }
        }
        return true
    }

    private func replicaSets(of intent: WriteIntent) throws(RequestError) -> ReplicaSets {
        let quorum = try resolve(intent.quorum, intent.properties)
        return view.layout.replicas(ofPartition: intent.key.partition, n: quorum.n)
    }
}

extension WriteIntent {
    /// As it is sent on.
    fileprivate var wire: ClusterCore.Request {
        switch request {
        case .put(let put): .put(put)
        case .update(let update): .update(update)
        }
    }
}
