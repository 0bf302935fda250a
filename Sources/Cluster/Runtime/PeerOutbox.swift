import ClusterCore

/// What one loop tick has to say to the peers.
struct PeerOutbox {
    /// In no order; searched from the start, since a node talks to few peers in one tick.
    private var pending: [(peer: NodeID, batches: PeerBatches)] = []

    var isEmpty: Bool { pending.isEmpty }

    func hasMessages(for peer: NodeID) -> Bool { pending.contains { $0.peer == peer } }

    mutating func append(_ message: PeerRequestMessage, to peer: NodeID) {
        let index: Int
        if let known = pending.firstIndex(where: { $0.peer == peer }) {
            index = known
        } else {
            index = pending.count
            pending.append((peer, PeerBatches()))
        }
        pending[index].batches.append(message.id) { PeerCodec.append(message, to: &$0) }
    }

    /// Sends everything. Calls `refused` for each request that could not be queued.
    mutating func flush(
        to transport: (any PeerTransport)?, meter: RequestMeter,
        refused: (_ operation: UInt64, _ peer: NodeID, ReplicaError) -> Void
    ) {
        var leaving = pending
        pending = []
        for index in leaving.indices {
            let peer = leaving[index].peer
            for batch in leaving[index].batches.take() {
                meter.left(batch.ids.count)
                guard let error = Self.send(batch.bytes, to: peer, transport) else { continue }
                for operation in batch.ids { refused(operation, peer, error) }
            }
        }
    }

    private static func send(
        _ batch: [UInt8], to peer: NodeID, _ transport: (any PeerTransport)?
    ) -> ReplicaError? {
        switch transport?.send(batch, to: peer) {
        case .accepted: nil
        case .notConnected, nil: ReplicaError(.unreachable, "there is no connection")
        case .full:
            ReplicaError(.overloaded, "the queue to the peer is full, or the message is too long for it")
        }
    }
}
