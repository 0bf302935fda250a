import ClusterCore
import GRPCCore
import GRPCWire
import NIOHPACK
import TextAPI

/// How a call ends that does not end well.
struct GRPCFailure: Error {
    var code: RPCError.Code
    var message: String
    /// For programs: what stands beside the status.
    var details: [(name: String, value: String)] = []

    init(_ code: RPCError.Code, _ message: String, details: [(name: String, value: String)] = []) {
        self.code = code
        self.message = message
        self.details = details
    }

    /// - Parameter isAll: Whether nothing was sent before.
    func headers(isAll: Bool) -> HPACKHeaders {
        var headers = ReplyHeaders.end(code: code.rawValue, message: message, isAll: isAll)
        for detail in details { headers.add(name: detail.name, value: detail.value) }
        return headers
    }
}

extension GRPCFailure {
    static let shuttingDown = GRPCFailure(.unavailable, "the node is shutting down")

    init(_ error: RequestError) {
        self.init(
            error.code.grpcCode, error.message,
            details: [
                ("kvnode-reason", error.code.reason),
                ("kvnode-replicas-answered", "\(error.replicasAnswered)"),
                ("kvnode-replicas-needed", "\(error.replicasNeeded)"),
            ])
    }

    init(_ error: MessageError) {
        switch error {
        case .compressed: self.init(.unimplemented, "compressed messages are not supported")
        case .tooLong(let bytes, let limit):
            self.init(
                .resourceExhausted, "a message of \(bytes) bytes is over the limit of \(limit) bytes")
        }
    }

    /// What a method threw.
    init(any error: any Error) {
        switch error {
        case let failure as GRPCFailure: self = failure
        case let error as RequestError: self.init(error)
        case let error as ClusterFailure:
            self.init(error.code, error.message, details: [("kvnode-reason", error.reason)])
        default: self.init(.unknown, "\(error)")
        }
    }
}

extension RequestError.Code {
    /// The status code that proto/kvnode/v1/kvnode.proto promises.
    var grpcCode: RPCError.Code {
        switch self {
        case .invalidArgument, .outOfRange: .invalidArgument
        case .preconditionFailed, .wrongType, .notANumber: .failedPrecondition
        case .quorumNotReached, .shuttingDown, .layoutChanging, .replicaDamaged: .unavailable
        case .deadlineExceeded: .deadlineExceeded
        case .overloaded, .noSpace: .resourceExhausted
        case .unauthenticated: .unauthenticated
        case .permissionDenied: .permissionDenied
        case .internal: .internalError
        }
    }
}
