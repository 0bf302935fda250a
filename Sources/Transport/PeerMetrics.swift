import Instruments

/// What is told of the streams between nodes, of all peers together: a label for each would grow with the cluster.
enum PeerMetrics {
    static let messages = MetricDefinition(
        "kvnode_peer_messages_sent", .counter, labels: ["kind"],
        "Messages that left on streams to and from peers: of `requests` or of `replies`. Each is one batch or several that waited."
    )
    static let bytes = MetricDefinition(
        "kvnode_peer_sent_bytes", .counter, unit: .bytes, labels: ["kind"], "Bytes of these messages.")
    static let messagesReceived = MetricDefinition(
        "kvnode_peer_messages_received", .counter, labels: ["kind"],
        "Messages that came on these streams, the greetings at their beginning left out.")
    static let bytesReceived = MetricDefinition(
        "kvnode_peer_received_bytes", .counter, unit: .bytes, labels: ["kind"], "Bytes of these messages.")
    static let refused = MetricDefinition(
        "kvnode_peer_batches_refused", .counter, labels: ["reason"],
        "Batches that were not taken for a peer: `not_connected`, or `full` where peer.max_queued_bytes waits already."
    )
    static let queued = MetricDefinition(
        "kvnode_peer_queued_bytes", .gauge, unit: .bytes, "Bytes of requests that wait for streams to peers.")
    static let longestQueue = MetricDefinition(
        "kvnode_peer_longest_queue_bytes", .gauge, unit: .bytes,
        "Those of the peer for which the most wait; peer.max_queued_bytes is the bound.")
    static let connects = MetricDefinition(
        "kvnode_peer_connects", .counter, labels: ["outcome"],
        "Attempts to open a stream to a peer: `ok`, or `failed`.")
    static let losses = MetricDefinition(
        "kvnode_peer_streams_lost", .counter, "Streams to peers that were up and have ended.")

    static let definitions = [
        messages, bytes, messagesReceived, bytesReceived, refused, queued, longestQueue, connects, losses,
    ]
}

/// What the streams of one kind have sent. Any thread.
final class OutboxMeter: Sendable {
    private let messages: Counter
    private let bytes: Counter
    private let notConnected: Counter
    private let full: Counter

    /// - Parameter kind: `requests` or `replies`.
    init(_ registry: MetricRegistry, kind: String) {
        messages = registry.counter(PeerMetrics.messages, [kind])
        bytes = registry.counter(PeerMetrics.bytes, [kind])
        notConnected = registry.counter(PeerMetrics.refused, ["not_connected"])
        full = registry.counter(PeerMetrics.refused, ["full"])
    }

    func sent(_ count: Int) {
        messages.add()
        bytes.add(count)
    }

    func refused(isFull: Bool) { (isFull ? full : notConnected).add() }
}

/// What has come on the streams of one kind. Any thread.
final class InboxMeter: Sendable {
    private let messages: Counter
    private let bytes: Counter

    /// - Parameter kind: `requests` or `replies`.
    init(_ registry: MetricRegistry, kind: String) {
        messages = registry.counter(PeerMetrics.messagesReceived, [kind])
        bytes = registry.counter(PeerMetrics.bytesReceived, [kind])
    }

    func received(_ count: Int) {
        messages.add()
        bytes.add(count)
    }
}

/// How often there was a stream to a peer, and was none; and what came on those that there were.
final class LinkMeter: Sendable {
    let replies: InboxMeter
    private let connected: Counter
    private let failed: Counter
    private let lost: Counter

    init(_ registry: MetricRegistry) {
        replies = InboxMeter(registry, kind: "replies")
        connected = registry.counter(PeerMetrics.connects, ["ok"])
        failed = registry.counter(PeerMetrics.connects, ["failed"])
        lost = registry.counter(PeerMetrics.losses)
    }

    /// - Parameter wasUp: Whether there was a stream.
    func ended(wasUp: Bool) { (wasUp ? lost : failed).add() }

    func isUp() { connected.add() }
}
