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

    public var filling: FillStatus? { keeper.filling.withLock { $0 } }

    public func changeLayouts(
        _ body: @escaping @Sendable (inout LayoutHistory, NodeID) throws(LayoutChangeError) -> Void,
        _ completion: @escaping @Sendable (Result<Void, LayoutFailure>) -> Void
    ) {
        onKeeper { [selfID] keeper in
            do throws(LayoutChangeError) {
                try keeper.change { (history) throws(LayoutChangeError) in
                    try body(&history, selfID)
                } whenDone: {
                    completion($0.mapError(LayoutFailure.notStored))
                }
            } catch {
                completion(.failure(.refused(error)))
            }
        }
    }
}
