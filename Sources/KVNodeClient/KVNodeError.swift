/// Why a request failed, where, and what is known of its effect.
public struct KVNodeError: Error, Hashable, Sendable {
    /// What went wrong, as far as a program would want to tell it apart.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The request cannot be served as it is: an empty key, a value over the limit, a context of another key.
        case invalidRequest
        /// `ifAbsent` or `ifMatch` didn't hold; nothing was written.
        case conditionFailed
        /// The key holds another type of data, or a number that can't be added to; nothing was written.
        case wrongType
        /// Too few replicas can be reached.
        case quorumNotReached
        /// Too few replicas answered in time, or the node didn't.
        case deadlineExceeded
        /// The node has more work than it accepts, or was sent a message that is longer than it accepts.
        case overloaded
        /// The disks are full.
        case noSpace
        /// The node can't be reached, is ending, or can't serve its replica now.
        case unavailable
        /// The node's certificate is not believed.
        case untrusted
        /// The node wants to know who the client is, and does not believe it.
        case unauthenticated
        /// The user may not do that in that bucket.
        case permissionDenied
        /// `update` met other writers too often.
        case contention
        /// The task was cancelled.
        case cancelled
        /// The store is not run any more.
        case closed
        /// The files for TLS cannot be used, or there is no endpoint.
        case configuration
        /// A defect or a fault of the machine.
        case `internal`
    }

    /// What went wrong.
    public var kind: Kind
    /// In words, for people.
    public var message: String
    /// The node's own word for it, as in `kvnode.v1.Error.reason`; empty if the failure is not of a node's telling.
    public var reason = ""
    /// gRPC's status code as it is written, such as `UNAVAILABLE`; empty if the failure is none of a call.
    public var status = ""
    /// The node that was asked last; nil if none was.
    public var endpoint: KVNodeEndpoint?
    /// Replicas that had answered when the request failed; 0 if none was asked, nil if no node has said so.
    public var replicasAnswered: Int?
    /// How many were needed; 0 if none was asked, nil if no node has said so.
    public var replicasNeeded: Int?
    /// Whether the write that failed may be seen, now or later: it may have reached some replicas, or all of them with the
    /// answer being lost. Such a write is never repeated by the client: the program decides whether to read first. False for
    /// reads, and if it is certain that nothing was done.
    public var mayHaveHappened = false
    /// How often the request was tried.
    public var attempts = 1

    /// For tests of what handles errors.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// Whether it may well be otherwise a little later, or at another node.
    public var isTransient: Bool {
        switch kind {
        case .quorumNotReached, .deadlineExceeded, .overloaded, .unavailable, .untrusted, .contention: true
        case .invalidRequest, .conditionFailed, .wrongType, .noSpace, .unauthenticated, .permissionDenied,
            .cancelled, .closed, .configuration, .internal:
            false
        }
    }
}

extension KVNodeError: CustomStringConvertible {
    /// One line with all that is known.
    public var description: String {
        var text = "\(kind.rawValue): \(message)"
        if let endpoint { text += "; asked \(endpoint)" }
        if attempts > 1 { text += "; tried \(attempts) times" }
        if mayHaveHappened { text += "; the write may have happened" }
        return text
    }
}
