import ClusterCore
import NIOCore

/// A key to be read at this node's replica.
struct ReplicaRead: Sendable {
    var key: StorageKey
    /// Of the state that is not to be told, if there is one.
    var hash: UInt64?
    /// Under which the reading is recorded.
    var span: TraceSpan?
}

extension [ReplicaRead] {
    /// Of one of them that is recorded; nil if none is.
    var firstSpan: TraceSpan? { first { $0.span != nil }?.span }

    /// Records those that are to be: they were read together, and have just come to these answers.
    func record(since begun: NIODeadline, _ answers: [PeerReply]) {
        for (read, answer) in zip(self, answers) { read.span?.recordRead(since: begun, keys: count, answer) }
    }
}
