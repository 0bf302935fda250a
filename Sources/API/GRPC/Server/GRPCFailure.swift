import ClusterCore
import GRPCCore
import TextAPI

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
