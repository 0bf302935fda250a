import GRPCCore
import NIOCore
import NIOPosix
import TLS

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
        case let failure as TLSFailure where failure.isRefusal:
            self = .refused(Refusal(.certificate, failure.reason))
        default: self = .lost(Self.text(of: error))
        }
    }

    var reason: String {
        switch self {
        case .refused(let refusal): refusal.reason
        case .refusedByPeer(let reason), .lost(let reason), .finished(let reason): reason
        }
    }

    private static func text(of error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        if let cause = error.connectionErrors.last?.error { return "\(cause)" }
        return "the name '\(error.host)' can't be resolved"
    }
}

extension TLSFailure {
    /// Whether this node would not have the peer, for its certificate.
    fileprivate var isRefusal: Bool {
        if case .certificate = cause { true } else { false }
    }
}
