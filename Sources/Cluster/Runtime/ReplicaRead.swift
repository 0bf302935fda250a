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

// By index, since most are not recorded, and each copy counts references.
extension [ReplicaRead] {
    /// Of one of them that is recorded; nil if none is.
    var firstSpan: TraceSpan? {
        for index in indices {
            if let span = self[index].span { return span }
        }
        return nil
    }

    /// Records those that are to be: they were read together, and have just come to these answers.
    func record(since begun: NIODeadline, _ answers: [PeerReply]) {
        for index in indices {
            if let span = self[index].span { span.recordRead(since: begun, keys: count, answers[index]) }
        }
    }
}
