import ClusterCore

/// Why a span's work was not done.
enum SpanFailure: Sendable {
    case replica(ReplicaError)
    /// What was asked had no answer when its operation ended.
    case noAnswer
    /// After the fact: when the request was answered.
    case noAnswerInTime
    /// After the fact, which doesn't know why.
    case unknown

    init?(_ error: ReplicaError?) {
        guard let error else { return nil }
        self = .replica(error)
    }

    /// Short, and the same for all of a kind.
    var type: String {
        switch self {
        case .replica(let error): "\(error.code)"
        case .noAnswer, .noAnswerInTime: "no_answer"
        case .unknown: "failed"
        }
    }

    var message: String {
        switch self {
        case .replica(let error): error.message
        case .noAnswer: "the operation ended without its answer"
        case .noAnswerInTime: "no answer before the request's"
        case .unknown: "it did not do what it was asked"
        }
    }
}

extension PeerReply {
    /// Why what was asked was not done; nil if it was.
    var error: ReplicaError? {
        if case .failed(let error) = self { error } else { nil }
    }
}
