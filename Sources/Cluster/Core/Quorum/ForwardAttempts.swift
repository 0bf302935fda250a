/// Has a replica of the key coordinate a request that came to a node which is none.
///
/// One replica at a time is asked, in the order given, until one takes the request. A replica that refused it, or to
/// which it was never sent, has done nothing, so the next one is asked. When the connection is lost after the request
/// went out, only a read is sent again. **A put is not**: the first coordinator may have applied it under a dot of its
/// own, and a second one would issue another dot for the same context. Neither write would have seen the other, so
/// the client's one value would become two siblings (or, with last-writer-wins, hide a newer value). The client, which
/// is told that the outcome is unknown, can read and decide.
///
/// A value, driven like `GetCoordinator`. Exactly one `respond` or `fail` comes out, at the deadline at the latest;
/// then drop the state.
public struct ForwardAttempts: Sendable {
    /// What the runtime is to do.
    public enum Action: Equatable, Sendable {
        /// Forward the request to this replica; then `refused`, `lost` or `answered`.
        case send(NodeID)
        /// Answer the client.
        case respond(Response)
        /// Answer the client that no replica coordinated the request, or that nobody knows.
        case fail(RequestError)
    }

    private var tally: ReplicaTally
    private let isRead: Bool
    private var current: NodeID?

    /// - Parameters:
    ///   - replicas: The replicas of the key, those that can be reached first; at most `BucketProperties.maximumN`.
    ///   - isRead: Whether doing the request twice is the same as doing it once.
    public init(replicas: [NodeID], isRead: Bool) {
        tally = ReplicaTally(replicas)
        self.isRead = isRead
    }

    /// Begins. The first event, once.
    public mutating func start(_ actions: inout [Action]) { sendNext(&actions) }

    /// The replica has certainly done nothing: the request could not be sent to it, or it refused it.
    public mutating func refused(by node: NodeID, _ error: ReplicaError, _ actions: inout [Action]) {
        guard node == current, tally.noteFailure(of: node, error.code) else { return }
        sendNext(&actions)
    }

    /// The request was sent, and the connection was lost before a reply came.
    public mutating func lost(_ node: NodeID, _ actions: inout [Action]) {
        guard node == current, tally.noteFailure(of: node, .unreachable) else { return }
        guard isRead else {
            current = nil
            let message = "the connection to the coordinator was lost after the put was sent: outcome unknown"
            actions.append(.fail(RequestError(code: .quorumNotReached, message: message, replicasNeeded: 1)))
            return
        }
        sendNext(&actions)
    }

    /// The replica has answered. One that is shutting down, or is no replica by its own layout, has done nothing, so the
    /// next one is asked.
    public mutating func answered(by node: NodeID, _ response: Response, _ actions: inout [Action]) {
        guard node == current else { return }
        if case .failed(let error) = response, let reason = error.code.refusal {
            refused(by: node, ReplicaError(code: reason), &actions)
            return
        }
        current = nil
        actions.append(.respond(response))
    }

    /// The request's time is up.
    public mutating func deadlineElapsed(_ actions: inout [Action]) {
        guard current != nil else { return }
        current = nil
        let note = isRead ? "" : "; outcome unknown"
        actions.append(.fail(tally.deadlineExceeded(needed: 1, note: note)))
    }

    private mutating func sendNext(_ actions: inout [Action]) {
        current = tally.askNext()
        if let current {
            actions.append(.send(current))
        } else {
            actions.append(.fail(tally.quorumNotReached(needed: 1)))
        }
    }
}

extension RequestError.Code {
    /// As what it counts that a coordinator did not take the request; nil if it did.
    fileprivate var refusal: ReplicaError.Code? {
        switch self {
        case .shuttingDown: .unreachable
        case .layoutChanging: .outdated
        default: nil
        }
    }
}
