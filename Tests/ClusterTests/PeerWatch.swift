import Cluster
import ClusterCore
import Synchronization

/// Hands on what a transport tells a node, and lets a test wait for it.
final class PeerWatch: PeerHandler {
    private struct State {
        var peers: Set<NodeID> = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let node: any PeerHandler
    private let state = Mutex(State())

    init(_ node: any PeerHandler) { self.node = node }

    /// Returns once the node has been told of connections to `count` peers, no more and no fewer: what it is asked from then on,
    /// it does with these.
    func wait(forPeers count: Int) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isThere = state.withLock { state in
                if state.peers.count != count { state.waiters.append((count, continuation)) }
                return state.peers.count == count
            }
            if isThere { continuation.resume() }
        }
    }

    func connected(_ peer: NodeID, _ hello: PeerHello) {
        node.connected(peer, hello)
        change { $0.insert(peer) }
    }

    func disconnected(_ peer: NodeID, reason: String) {
        node.disconnected(peer, reason: reason)
        change { $0.remove(peer) }
    }

    func received(requests batch: [UInt8], from peer: NodeID, replies: any PeerReplyPath) {
        node.received(requests: batch, from: peer, replies: replies)
    }

    func received(replies batch: [UInt8], from peer: NodeID) { node.received(replies: batch, from: peer) }

    /// After the node, whose shards it has come to by then.
    private func change(_ body: (inout Set<NodeID>) -> Void) {
        let ready = state.withLock { state in
            body(&state.peers)
            let count = state.peers.count
            defer { state.waiters.removeAll { $0.count == count } }
            return state.waiters.filter { $0.count == count }.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }
}
