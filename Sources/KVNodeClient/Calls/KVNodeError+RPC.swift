internal import GRPCCore
internal import Messages

extension KVNodeError {
    /// A call that failed, as one of a write.
    ///
    /// - Parameter wasSent: Whether the node may have got the request.
    init(_ error: any Error, wasSent: Bool) {
        switch error {
        case let error as RPCError: self.init(error)
        case is CancellationError: self.init(.cancelled, "the task was cancelled")
        // What a client throws that is not run any more.
        case let error as RuntimeError: self.init(.closed, error.message)
        default: self.init(.internal, "\(error)")
        }
        mayHaveHappened = wasSent && leavesDoubt
    }

    private init(_ error: RPCError) {
        func detail(_ name: String) -> String? { error.metadata[stringValues: name].first { _ in true } }
        let reason = detail("kvnode-reason") ?? ""
        self.init(Self.kind(error.code, reason), error.message.isEmpty ? "the call failed" : error.message)
        self.reason = reason
        status = Self.names[error.code.rawValue] ?? "UNKNOWN"
        replicasAnswered = detail("kvnode-replicas-answered").flatMap { Int($0) }
        replicasNeeded = detail("kvnode-replicas-needed").flatMap { Int($0) }
    }

    /// An entry of a batch that failed.
    init(_ error: Kvnode_V1_Error) {
        let code = Status.Code(rawValue: error.code.rawValue).flatMap { RPCError.Code($0) } ?? .unknown
        self.init(Self.kind(code, error.reason), error.message)
        reason = error.reason
        status = Self.names[code.rawValue] ?? "UNKNOWN"
        replicasAnswered = Int(error.replicasAnswered)
        replicasNeeded = Int(error.replicasNeeded)
        mayHaveHappened = leavesDoubt
    }

    /// The same failure of a request of that kind.
    func of(_ effect: Effect) -> KVNodeError {
        var error = self
        error.mayHaveHappened = mayHaveHappened && effect == .write
        return error
    }

    /// Whether the node itself could not be reached, or has not answered.
    var isOfConnection: Bool {
        reason.isEmpty && (kind == .unavailable || kind == .deadlineExceeded || kind == .untrusted)
    }

    /// Whether a write that was sent, and failed so, may have happened.
    private var leavesDoubt: Bool {
        switch kind {
        case .invalidRequest, .conditionFailed, .wrongType, .unauthenticated, .permissionDenied: false
        // Only the node itself can say that it has done nothing: it names no replica that it needed then. Without a word of
        // its own the failure may be the connection's, or one of taking its answer.
        case .overloaded, .unavailable: reason.isEmpty || replicasNeeded != 0
        default: true
        }
    }

    /// The node's own word comes before the status code, which stands for several.
    private static func kind(_ code: RPCError.Code, _ reason: String) -> Kind {
        switch reason {
        case "quorum_not_reached": return .quorumNotReached
        case "no_space": return .noSpace
        case "wrong_type", "not_a_number", "out_of_range": return .wrongType
        default: break
        }
        return switch code {
        case .invalidArgument, .outOfRange: .invalidRequest
        case .failedPrecondition: .conditionFailed
        case .deadlineExceeded: .deadlineExceeded
        case .resourceExhausted: .overloaded
        case .unavailable: .unavailable
        case .unauthenticated: .unauthenticated
        case .permissionDenied: .permissionDenied
        case .cancelled: .cancelled
        default: .internal
        }
    }

    /// As gRPC writes its status codes.
    private static let names = [
        1: "CANCELLED", 2: "UNKNOWN", 3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND",
        6: "ALREADY_EXISTS", 7: "PERMISSION_DENIED", 8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION",
        10: "ABORTED", 11: "OUT_OF_RANGE", 12: "UNIMPLEMENTED", 13: "INTERNAL", 14: "UNAVAILABLE",
        15: "DATA_LOSS", 16: "UNAUTHENTICATED",
    ]
}
