import GRPCCore

/// How a stream came to its end, and what that tells about the peer.
enum StreamEnd {
    /// This node would not have it.
    case refused(Refusal)
    /// The peer would not have it; its reason.
    case refusedByPeer(String)
    /// The connection failed or the peer went away.
    case lost(String)
    /// One of the two nodes ended it in good order.
    case finished(String)

    /// What the peer's status means to the caller.
    init(_ status: Status) {
        switch status.code {
        case .ok:
            self = .finished("the peer has ended the stream")
        case .invalidArgument, .failedPrecondition, .permissionDenied, .resourceExhausted, .deadlineExceeded,
            .unimplemented:
            self = .refusedByPeer(status.message.isEmpty ? "\(status.code)" : status.message)
        default:
            self = .lost(status.message.isEmpty ? "\(status.code)" : status.message)
        }
    }

    init(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self = .refused(refusal)
        case is CancellationError: self = .finished("this node has ended the stream")
        case let error as RPCError: self = .lost(Self.text(of: error))
        default: self = .lost("\(error)")
        }
    }

    var reason: String {
        switch self {
        case .refused(let refusal): refusal.reason
        case .refusedByPeer(let reason), .lost(let reason), .finished(let reason): reason
        }
    }

    /// The cause at the bottom, such as a refused connection: what is above it only says that a channel failed.
    private static func text(of error: RPCError) -> String {
        var innermost = error
        while let cause = innermost.cause {
            guard let next = cause as? RPCError else { return "\(innermost.message) (\(cause))" }
            innermost = next
        }
        return innermost.message
    }
}
