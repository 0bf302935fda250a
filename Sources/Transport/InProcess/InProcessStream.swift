import Cluster
import ClusterCore
import Logging
import Synchronization

/// One stream between two nodes of a process: requests one way, replies the other, each through an outbox that is
/// emptied on the receiver's loop.
final class InProcessStream: Sendable {
    private struct State {
        var endReason: String?
        var callerTask: Task<Void, Never>?
        var calleeTask: Task<Void, Never>?
    }

    let direction: InProcessNetwork.Direction
    private let caller: InProcessPeerTransport
    private let callee: InProcessPeerTransport
    private let network: InProcessNetwork
    private let requests: Outbox
    private let replies: Outbox
    private let state = Mutex(State())

    init(
        from caller: InProcessPeerTransport, to callee: InProcessPeerTransport, in network: InProcessNetwork
    ) {
        direction = .init(caller: caller.id, callee: callee.id)
        self.caller = caller
        self.callee = callee
        self.network = network
        requests = Outbox(maxQueuedBytes: caller.maxQueuedBytes, logger: caller.logger)
        replies = Outbox(maxQueuedBytes: callee.maxQueuedBytes, logger: callee.logger)
        requests.begin()
        replies.begin()
    }

    /// Starts once `previous`, the stream before this one, is over for the caller. Returns this one's own end.
    func start(after previous: Task<Void, Never>?) -> Task<Void, Never> {
        let callerTask = Task(executorPreference: caller.executor) {
            await previous?.value
            await self.call()
        }
        let calleeTask = Task(executorPreference: callee.executor) { await self.deliverRequests() }
        state.withLock { state in
            state.callerTask = callerTask
            state.calleeTask = calleeTask
        }
        return callerTask
    }

    /// Ends the stream, with what is queued on it. The first reason stands.
    func end(_ reason: String) {
        state.withLock { $0.endReason = $0.endReason ?? reason }
        requests.close()
        replies.close()
    }

    /// What still may call the handler of `node`.
    func tasks(of node: NodeID) -> [Task<Void, Never>] {
        state.withLock { state in
            [node == direction.caller ? state.callerTask : state.calleeTask].compactMap(\.self)
        }
    }

    // MARK: The two ends

    private func call() async {
        if let (refusal, node, peer) = refusal {
            refuse(refusal, by: node, to: peer)
            // A change that came between the check and the end has passed this stream by.
            if self.refusal == nil { network.membersChanged() }
            return
        }
        // Replies first: a request may be answered as soon as it can be sent.
        guard replies.open(batchLimit: callee.batchLimit(to: caller)),
            requests.open(batchLimit: caller.batchLimit(to: callee))
        else { return }
        caller.connect(requests, to: callee.id)
        caller.handler.connected(callee.id, callee.hello)
        await deliverReplies()
        caller.disconnect(callee.id)
        caller.handler.disconnected(
            callee.id, reason: state.withLock { $0.endReason } ?? "the stream has ended")
        network.ended(self)
    }

    /// Why one of the two does not take the other, if so.
    private var refusal: (Refusal, by: InProcessPeerTransport, to: InProcessPeerTransport)? {
        do {
            try callee.admission.check(caller.hello)
        } catch {
            return (error, callee, caller)
        }
        do {
            try caller.admission.check(callee.hello, expected: caller.member(callee.id))
        } catch {
            return (error, caller, callee)
        }
        return nil
    }

    private func deliverRequests() async {
        while let batch = await requests.next(), !hasEnded {
            guard accept(batch, at: callee) else { return }
            callee.handler.received(requests: batch, from: caller.id, replies: replies)
        }
    }

    private func deliverReplies() async {
        while let batch = await replies.next(), !hasEnded {
            guard accept(batch, at: caller) else { return }
            caller.handler.received(replies: batch, from: callee.id)
        }
    }

    var hasEnded: Bool { state.withLock { $0.endReason != nil } }

    private func accept(_ batch: [UInt8], at receiver: InProcessPeerTransport) -> Bool {
        do {
            try receiver.admission.checkLength(batch.count, limit: receiver.maxBatchBytes)
            return true
        } catch {
            refuse(error, by: receiver, to: receiver === caller ? callee : caller)
            return false
        }
    }

    /// Ends the stream; both nodes log why.
    private func refuse(_ refusal: Refusal, by node: InProcessPeerTransport, to peer: InProcessPeerTransport)
    {
        // First: whoever reads the log may change what was wrong, and have it tried again.
        end(refusal.reason)
        node.logger.warning(
            "a peer's stream is refused",
            metadata: ["peer": "\(peer.hello.nodeName)", "reason": "\(refusal.reason)"])
        peer.logger.warning(
            "the peer refuses this node",
            metadata: ["peer": "\(node.hello.nodeName)", "reason": "\(refusal.reason)"])
    }
}

extension InProcessPeerTransport {
    fileprivate func batchLimit(to peer: InProcessPeerTransport) -> Int {
        admission.batchLimit(with: peer.hello, maxBatchBytes: maxBatchBytes)
    }
}
