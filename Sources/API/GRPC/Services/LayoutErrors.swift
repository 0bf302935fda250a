import Cluster
import ClusterCore
import GRPCCore

/// How a call of `kvnode.v1.Cluster` fails, as proto/kvnode/v1/cluster.proto promises.
struct ClusterFailure: Error {
    var code: RPCError.Code
    /// For programs.
    var reason: String
    var message: String

    init(_ code: RPCError.Code, _ reason: String, _ message: String) {
        self.code = code
        self.reason = reason
        self.message = message
    }

    static func invalid(_ message: String) -> ClusterFailure {
        ClusterFailure(.invalidArgument, "invalid_argument", message)
    }

    static func unknownMember(_ name: String, of history: LayoutHistory) -> ClusterFailure {
        let names = history.knownMembers.map(\.name).joined(separator: ", ")
        return ClusterFailure(
            .invalidArgument, "unknown_member",
            "'\(name)' is no member, nor will it be one by what is staged; there are \(names)")
    }

    /// - Parameter names: Those in the request, to say which one is wrong.
    init(_ failure: LayoutFailure, names: [String], history: LayoutHistory) {
        switch failure {
        case .refused(.unknownMember(let node)):
            let name = names.first { NodeID(name: $0) == node } ?? ""
            self = .unknownMember(name, of: history)
        case .refused(let error):
            self.init(
                error.isInvalid ? .invalidArgument : .failedPrecondition, error.reason, error.description)
        case .notStored(let error):
            let message = "the node cannot store the change now, and tries again: \(error.message)"
            switch error.code {
            case .noSpace: self.init(.resourceExhausted, "no_space", message)
            case .overloaded: self.init(.resourceExhausted, "overloaded", message)
            default: self.init(.internalError, "internal", message)
            }
        }
    }
}

extension LayoutChangeError {
    /// Whether the request itself is wrong, whatever the layout.
    fileprivate var isInvalid: Bool {
        switch self {
        case .layout(.badWeight), .layout(.emptyName): true
        default: false
        }
    }

    fileprivate var reason: String {
        switch self {
        case .unknownMember: "unknown_member"
        case .alreadyMember: "already_member"
        case .nothingStaged: "nothing_staged"
        case .otherVersion: "other_version"
        case .changeOpen: "change_open"
        case .changeUndecided: "change_undecided"
        case .notAVoter: "not_a_voter"
        case .tooManyLost: "too_many_lost"
        case .layout: isInvalid ? "invalid_argument" : "no_layout"
        }
    }
}
