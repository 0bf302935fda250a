import ClusterCore
import Engine
import LogLimits
import Logging
import NIOCore
import Synchronization

/// What comes from the peers.
extension ClusterNode: PeerHandler {
    public func connected(_ peer: NodeID, _ hello: PeerHello) {
        connectedPeers.withLock { $0[peer] = hello }
        let table = registry.current
        forEachShard { $0.connected(peer) }
        onHandoff { $0.connected(peer) }
        onEntropy { $0.connected(peer) }
        onReaping { $0.connected(peer) }
        onGossip { $0.connected(peer) }
        // What changed while the peer was away reaches it now.
        let shard = shards[0]
        shard.perform { shard.send(.buckets(table), to: peer, for: 0, timeout: .seconds(1)) }
        onKeeper { $0.connected(peer) }
    }

    public func disconnected(_ peer: NodeID, reason: String) {
        connectedPeers.withLock { $0[peer] = nil }
        forEachShard { $0.disconnected(peer) }
        onKeeper { $0.disconnected(peer) }
        onHandoff { $0.disconnected(peer) }
        onEntropy { $0.disconnected(peer) }
        onReaping { $0.disconnected(peer) }
        onGossip { $0.disconnected(peer) }
    }

    public func received(replies batch: [UInt8], from peer: NodeID) {
        var byShard = [[PeerReplyMessage]](repeating: [], count: shards.count)
        do throws(CodecError) {
            try PeerCodec.decodeReplies(batch) { (reply) throws(CodecError) in
                if case .layout(let history) = reply.body { return learn(history, nil, of: peer) { _ in } }
                if case .gossip(let bytes) = reply.body { return hear(bytes, from: peer, nil) }
                let index = Shard.index(ofOperation: reply.id)
                guard index < shards.count else { throw CodecError(.malformed, "a reply to nothing") }
                byShard[index].append(reply)
            }
        } catch {
            tellUnreadable("a peer's replies cannot be read", peer, error)
        }
        for (shard, replies) in zip(shards, byShard) where !replies.isEmpty {
            shard.perform { shard.received(replies, from: peer) }
        }
    }

    public func received(requests batch: [UInt8], from peer: NodeID, replies: any PeerReplyPath) {
        var intake = PeerIntake(node: self, peer: peer, replies: replies)
        do throws(CodecError) {
            try PeerCodec.decodeRequests(batch) { (message) throws(CodecError) in intake.take(message) }
        } catch {
            tellUnreadable("a peer's requests cannot be read", peer, error)
        }
        intake.serve()
    }

    private func tellUnreadable(_ message: StaticString, _ peer: NodeID, _ error: CodecError) {
        // By the layout of now, as any thread may ask for it.
        let name = gate.view.layout.readable.member(peer)?.name ?? String(peer.rawValue, radix: 16)
        shards[0].context.limited.log(.error, message, metadata: ["peer": "\(name)", "error": "\(error)"])
    }
}
