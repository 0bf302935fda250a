import Cluster
import ClusterCore
import Synchronization

/// Messages of these tests are numbers of eight bytes: a batch is a concatenation, as with the real codec.
func encoded(_ numbers: some Sequence<UInt64>) -> [UInt8] {
    var bytes: [UInt8] = []
    for number in numbers {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
    return bytes
}

func decoded(_ bytes: [UInt8]) -> [UInt64] {
    precondition(bytes.count.isMultiple(of: 8), "a batch was torn")
    return stride(from: 0, to: bytes.count, by: 8).map { start in
        bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Notes everything that a transport tells its node, and answers requests as it is told to.
final class RecordingHandler: PeerHandler {
    enum Event: Equatable, Sendable {
        case connected(NodeID)
        case disconnected(NodeID)
    }

    struct Record: Sendable {
        var events: [Event] = []
        var hellos: [PeerHello] = []
        var reasons: [String] = []
        var requests: [UInt64] = []
        var requestBatches = 0
        var longestBatch = 0
        var replies: [UInt64] = []
        /// Replies that came while the stream to their peer was down.
        var strayReplies = 0

        func isConnected(to peer: NodeID) -> Bool {
            events.last { $0 == .connected(peer) || $0 == .disconnected(peer) } == .connected(peer)
        }

        func count(_ event: Event) -> Int { events.count { $0 == event } }

        /// Whether the events about each peer alternate, the first being `connected`.
        var alternates: Bool {
            var up: Set<NodeID> = []
            return events.allSatisfy { event in
                switch event {
                case .connected(let peer): up.insert(peer).inserted
                case .disconnected(let peer): up.remove(peer) != nil
                }
            }
        }
    }

    typealias Answer = @Sendable (_ batch: [UInt8], _ replies: any PeerReplyPath) -> Void

    let record = Observed(Record())
    private let answer: Answer

    /// - Parameter answer: What to do with requests; sends them back if nil.
    init(answer: Answer? = nil) {
        self.answer = answer ?? { batch, replies in _ = replies.send(batch) }
    }

    func received(requests batch: [UInt8], from peer: NodeID, replies: any PeerReplyPath) {
        record.update {
            $0.requests += decoded(batch)
            $0.requestBatches += 1
            $0.longestBatch = max($0.longestBatch, batch.count)
        }
        answer(batch, replies)
    }

    func received(replies batch: [UInt8], from peer: NodeID) {
        record.update {
            $0.replies += decoded(batch)
            if !$0.isConnected(to: peer) { $0.strayReplies += 1 }
        }
    }

    func connected(_ peer: NodeID, _ hello: PeerHello) {
        record.update {
            $0.events.append(.connected(peer))
            $0.hellos.append(hello)
        }
    }

    func disconnected(_ peer: NodeID, reason: String) {
        record.update {
            $0.events.append(.disconnected(peer))
            $0.reasons.append(reason)
        }
    }
}
