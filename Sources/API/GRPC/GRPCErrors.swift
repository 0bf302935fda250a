import ClusterCore
import GRPCCore

extension RequestError.Code {
    /// The status code that proto/kvnode/v1/kvnode.proto promises.
    var grpcCode: RPCError.Code {
        switch self {
        case .invalidArgument, .outOfRange: .invalidArgument
        case .preconditionFailed, .wrongType, .notANumber: .failedPrecondition
        case .quorumNotReached, .shuttingDown, .layoutChanging: .unavailable
        case .deadlineExceeded: .deadlineExceeded
        case .overloaded, .noSpace: .resourceExhausted
        case .internal: .internalError
        }
    }

    /// For programs that need to tell more causes apart than there are status codes; part of both public
    /// APIs.
    var reason: String {
        switch self {
        case .invalidArgument: "invalid_argument"
        case .preconditionFailed: "precondition_failed"
        case .quorumNotReached: "quorum_not_reached"
        case .deadlineExceeded: "deadline_exceeded"
        case .overloaded: "overloaded"
        case .shuttingDown: "shutting_down"
        case .noSpace: "no_space"
        case .internal: "internal"
        case .layoutChanging: "layout_changing"
        case .wrongType: "wrong_type"
        case .notANumber: "not_a_number"
        case .outOfRange: "out_of_range"
        }
    }
}

extension RequestError {
    /// How a unary call fails with this.
    var rpcError: RPCError {
        var metadata: Metadata = ["kvnode-reason": "\(code.reason)"]
        metadata.addString("\(replicasAnswered)", forKey: "kvnode-replicas-answered")
        metadata.addString("\(replicasNeeded)", forKey: "kvnode-replicas-needed")
        return RPCError(code: code.grpcCode, message: message, metadata: metadata)
    }
}
