import ClusterCore

/// What became of a batch that was handed to a transport.
public enum SendOutcome: Sendable {
    case accepted
    /// There is no stream to the peer.
    case notConnected
    /// The peer takes less than is sent, and the queue's limit is reached.
    case full
}

/// Carries batches of encoded messages between nodes.
///
/// A node opens one stream to each peer; its requests go out on it and their replies come back on it. The peer's
/// requests come in on the stream that the peer opened. A transport reconnects by itself.
public protocol PeerTransport: AnyObject, Sendable {
    /// Queues `batch`, a concatenation of `PeerCodec` requests, for `peer`.
    ///
    /// Any thread; never blocks. Batches queued while the stream is busy leave together, up to the batch limit.
    func send(_ batch: [UInt8], to peer: NodeID) -> SendOutcome

    /// Talks to these nodes from now on, at these addresses, and to no others. Any thread.
    ///
    /// - Parameter peers: May name this node, which is left out.
    func update(peers: [Member])
}

/// The way back to the peer whose requests were received.
public protocol PeerReplyPath: AnyObject, Sendable {
    /// Queues `batch`, a concatenation of `PeerCodec` replies. Any thread; never blocks.
    func send(_ batch: [UInt8]) -> SendOutcome
}

/// The node, as a transport sees it. Calls come on the transport's threads and must not block.
public protocol PeerHandler: AnyObject, Sendable {
    /// Requests that `peer` sent. One call at a time for each stream.
    func received(requests batch: [UInt8], from peer: NodeID, replies: any PeerReplyPath)

    /// Replies to what was sent to `peer`. One call at a time for each stream.
    func received(replies batch: [UInt8], from peer: NodeID)

    /// The stream to `peer` is up: `send` is accepted from now on.
    func connected(_ peer: NodeID, _ hello: PeerHello)

    /// The stream to `peer` is gone: requests on it that have no reply will get none.
    func disconnected(_ peer: NodeID, reason: String)
}
