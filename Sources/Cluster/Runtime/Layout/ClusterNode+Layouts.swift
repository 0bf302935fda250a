import ClusterCore
import Engine
import Synchronization

extension ClusterNode {
    /// Takes in what a peer knows of the layouts; `whenDone` is called on some thread when it is stored.
    func learn(
        _ history: LayoutHistory, _ standing: Standing?, of peer: NodeID,
        whenDone: @escaping @Sendable (Result<Void, EngineError>) -> Void
    ) {
        onKeeper { $0.merge(history, standing, of: peer, whenDone: whenDone) }
    }
}

extension ClusterNode: LayoutService {
    public var layouts: LayoutHistory { gate.view.history }

    public var status: ClusterStatus {
        let view = gate.view
        return ClusterStatus(
            cluster: configuration.clusterName, node: configuration.nodeName, history: view.history,
            isLost: view.isLost, connected: connectedPeers.withLock { $0 },
            gossip: gossipMembers, filling: keeper.filling.withLock { $0 }, handoff: handoffStatistics,
            antiEntropy: antiEntropyStatus, reaping: reaperStatus,
            engine: EngineStatus(executor.watch.health),
            refusedTimestamps: clockWatch.refused,
            hintMillis: shards[0].context.hints.clock.millis)
    }

    public func changeLayouts<Outcome: Sendable>(
        _ body: @escaping @Sendable (inout LayoutHistory, NodeID) throws(LayoutChangeError) -> Outcome,
        _ completion: @escaping @Sendable (Result<Outcome, LayoutFailure>) -> Void
    ) {
        onKeeper { [selfID] keeper in
            do throws(LayoutChangeError) {
                try keeper.change { (history) throws(LayoutChangeError) -> Outcome in
                    try body(&history, selfID)
                } whenDone: {
                    completion($0.mapError { .notStored(ReplicaError($0)) })
                }
            } catch {
                completion(.failure(.refused(error)))
            }
        }
    }
}
