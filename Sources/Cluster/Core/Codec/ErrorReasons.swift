extension RequestError.Code {
    /// For programs that need to tell more causes apart than there are status codes; part of all
    /// interfaces.
    package var reason: String {
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
        case .unauthenticated: "unauthenticated"
        case .permissionDenied: "permission_denied"
        case .replicaDamaged: "replica_damaged"
        }
    }
}
