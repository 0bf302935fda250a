import ClusterCore

/// Where one batch ends and the next begins. Well below any peer's limit, so that only a message that is itself too
/// long can be refused for its length; the transport joins batches again while the stream is busy.
enum PeerBatch {
    static let targetBytes = 256 << 10
}

/// What one loop tick has to say to the peers: encoded as it comes, sent as few batches a peer when the tick ends.
struct PeerOutbox {
    private struct Batch {
        var writer = ByteWriter()
        /// The operations whose requests are in the batch.
        var operations: [UInt64] = []
    }

    private var pending: [NodeID: [Batch]] = [:]

    var isEmpty: Bool { pending.isEmpty }

    mutating func append(_ message: PeerRequestMessage, to peer: NodeID) {
        pending[peer, default: [Batch()]].withLastElement { batch in
            PeerCodec.append(message, to: &batch.writer)
            batch.operations.append(message.id)
        }
        if pending[peer]!.last!.writer.count >= PeerBatch.targetBytes { pending[peer]!.append(Batch()) }
    }

    /// Sends everything. Calls `refused` for each request that could not be queued.
    mutating func flush(
        to transport: (any PeerTransport)?,
        refused: (_ operation: UInt64, _ peer: NodeID, ReplicaError) -> Void
    ) {
        let leaving = pending
        pending.removeAll(keepingCapacity: true)
        for (peer, batches) in leaving {
            for batch in batches where !batch.operations.isEmpty {
                guard let error = Self.send(batch, to: peer, transport) else { continue }
                for operation in batch.operations { refused(operation, peer, error) }
            }
        }
    }

    private static func send(_ batch: Batch, to peer: NodeID, _ transport: (any PeerTransport)?)
        -> ReplicaError?
    {
        switch transport?.send(batch.writer.bytes, to: peer) {
        case .accepted: nil
        case .notConnected, nil: ReplicaError(.unreachable, "there is no connection")
        case .full: ReplicaError(.overloaded, "the queue to the peer is full")
        }
    }
}

extension Array {
    /// Changes the last element in place; the array isn't empty.
    fileprivate mutating func withLastElement(_ body: (inout Element) -> Void) { body(&self[count - 1]) }
}
