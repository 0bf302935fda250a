import ClusterCore

/// What one loop tick has to say to the peers: encoded as it comes, sent as one batch a peer when the tick ends.
struct PeerOutbox {
    private struct Pending {
        var writer = ByteWriter()
        /// The operations whose requests are in the batch.
        var operations: [UInt64] = []
    }

    private var pending: [NodeID: Pending] = [:]

    var isEmpty: Bool { pending.isEmpty }

    mutating func append(_ message: PeerRequestMessage, to peer: NodeID) {
        PeerCodec.append(message, to: &pending[peer, default: Pending()].writer)
        pending[peer]!.operations.append(message.id)
    }

    /// Sends everything. Calls `refused` for each request that could not be queued.
    mutating func flush(
        to transport: (any PeerTransport)?, refused: (_ operation: UInt64, _ peer: NodeID, ReplicaError) -> Void
    ) {
        let leaving = pending
        pending.removeAll(keepingCapacity: true)
        for (peer, batch) in leaving {
            let error: ReplicaError
            switch transport?.send(batch.writer.bytes, to: peer) {
            case .accepted: continue
            case .notConnected, nil: error = ReplicaError(.unreachable, "there is no connection")
            case .full: error = ReplicaError(.overloaded, "the queue to the peer is full")
            }
            for operation in batch.operations { refused(operation, peer, error) }
        }
    }
}
