/// Has a replica of the key coordinate a request that came to a node which is none.
///
/// One replica at a time is asked, in the order given, until one takes the request. A replica that refused it, or to
/// which it was never sent, has done nothing, so the next one is asked. When the connection is lost after the request
/// went out, a read is sent to the next as it was. A put is sent as `repeated`, since the first coordinator may have
/// applied it under a dot of its own: the second looks at what is stored before it writes (`WriteCondition.repeated`). A
/// conditional put is not sent again: it would find its condition broken by itself. Nor is a change, which might be made
/// twice, or would be told that there was nothing to do.
///
/// A value, driven like `GetCoordinator`. Exactly one `respond` or `fail` comes out, at the deadline at the latest;
/// then drop the state.
public struct ForwardAttempts: Sendable {
    /// What the runtime is to do.
    public enum Action: Equatable, Sendable {
        /// Forward the request to this replica, as one that may have been done or as it is; then `refused`, `lost` or
        /// `answered`.
        case send(NodeID, isRepeated: Bool)
        /// Answer the client.
        case respond(Response)
        /// Answer the client that no replica coordinated the request, or that nobody knows.
        case fail(RequestError)
    }

    /// What doing the request twice means.
    public enum Kind: Sendable {
        /// The same as doing it once.
        case read
        case put
        /// A conditional put, or a change.
        case once
    }

    private var tally: ReplicaTally
    private let kind: Kind
    private var current: NodeID?
    /// Whether a coordinator was lost that may have done it.
    private(set) public var mayBeDone = false

    /// - Parameter replicas: The replicas of the key, those that can be reached first; at most
    ///   `BucketProperties.maximumN`.
    public init(replicas: [NodeID], kind: Kind) {
        tally = ReplicaTally(replicas)
        self.kind = kind
    }

    /// Begins. The first event, once.
    public mutating func start(_ actions: inout [Action]) { sendNext(&actions) }

    /// The request could not be sent to the replica, or it refused it, and so has certainly done nothing; but it may
    /// have if all it said is that its answer found no room (`unanswered`).
    public mutating func refused(by node: NodeID, _ error: ReplicaError, _ actions: inout [Action]) {
        guard node == current, tally.noteFailure(of: node, error.code) else { return }
        if error.code == .unanswered {
            noAnswerCame("there was no room for the coordinator's answer to the request", &actions)
        } else {
            sendNext(&actions)
        }
    }

    /// The request was sent, and the connection was lost before a reply came.
    public mutating func lost(_ node: NodeID, _ actions: inout [Action]) {
        guard node == current, tally.noteFailure(of: node, .unreachable) else { return }
        noAnswerCame("the connection to the coordinator was lost after the request was sent", &actions)
    }

    private mutating func noAnswerCame(_ reason: String, _ actions: inout [Action]) {
        mayBeDone = kind != .read
        guard kind == .once else { return sendNext(&actions) }
        current = nil
        actions.append(
            .fail(RequestError(.quorumNotReached, "\(reason): outcome unknown", replicasNeeded: 1)))
    }

    /// The replica has answered. One that is shutting down, is no replica by its own layout, or cannot read its own copy of
    /// the key, has done nothing, so the next one is asked. What another error says of the put holds for this replica alone: one lost before it may have
    /// done it.
    public mutating func answered(by node: NodeID, _ response: Response, _ actions: inout [Action]) {
        guard node == current else { return }
        guard case .failed(var error) = response else {
            current = nil
            actions.append(.respond(response))
            return
        }
        if let reason = error.code.refusal {
            refused(by: node, ReplicaError(code: reason), &actions)
            return
        }
        current = nil
        guard mayBeDone else {
            actions.append(.respond(response))
            return
        }
        if error.code != .deadlineExceeded { error.code = .quorumNotReached }
        // 0 would say that no replica was asked.
        error.replicasNeeded = max(1, error.replicasNeeded)
        // The second's own look at the put (`WriteCondition.repeated`) may say so already.
        if !error.message.hasSuffix("outcome unknown") { error.message += "; outcome unknown" }
        actions.append(.fail(error))
    }

    /// The request's time is up.
    public mutating func deadlineElapsed(_ actions: inout [Action]) {
        guard current != nil else { return }
        current = nil
        let note = kind == .read ? "" : "; outcome unknown"
        actions.append(.fail(tally.deadlineExceeded(needed: 1, note: note)))
    }

    private mutating func sendNext(_ actions: inout [Action]) {
        current = tally.askNext()
        if let current {
            actions.append(.send(current, isRepeated: mayBeDone))
        } else {
            var error = tally.quorumNotReached(needed: 1)
            if mayBeDone { error.message += "; outcome unknown" }
            actions.append(.fail(error))
        }
    }
}

extension RequestError.Code {
    /// As what it counts that a coordinator did not take the request; nil if it did.
    fileprivate var refusal: ReplicaError.Code? {
        switch self {
        case .shuttingDown: .unreachable
        case .layoutChanging: .outdated
        case .replicaDamaged: .corruption
        default: nil
        }
    }
}
