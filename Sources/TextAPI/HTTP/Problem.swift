import ClusterCore
import Foundation
import NIOHTTP1

/// A failure as HTTP clients get it: an RFC 9457 problem document.
struct Problem: Error {
    var status: HTTPResponseStatus
    /// The last part of the document's `type`, for programs: a `RequestError.Code.reason`, or one of this
    /// API's own.
    var reason: String
    /// For people.
    var detail: String
    var replicas: (answered: Int, needed: Int)?
    var headers: HTTPHeaders = [:]

    init(_ status: HTTPResponseStatus, _ reason: String, _ detail: String) {
        self.status = status
        self.reason = reason
        self.detail = detail
    }

    /// A request that can't be served as it is.
    static func badRequest(_ detail: String) -> Problem { Problem(.badRequest, "invalid_argument", detail) }

    init(_ error: RequestError) {
        self.init(error.code.httpStatus, error.code.reason, error.message)
        if error.replicasNeeded > 0 { replicas = (error.replicasAnswered, error.replicasNeeded) }
        switch error.code {
        case .overloaded, .shuttingDown, .layoutChanging: headers.add(name: "retry-after", value: "1")
        case .unauthenticated:
            headers.add(name: "www-authenticate", value: "Basic realm=\"kvnode\", charset=\"UTF-8\"")
            headers.add(name: "www-authenticate", value: "Bearer realm=\"kvnode\"")
        default: break
        }
    }

    /// The reply that tells the client.
    var reply: HTTPReply {
        var members: [String: Any] = [
            "type": "urn:kvnode:problem:" + reason.replacing("_", with: "-"),
            "title": status.reasonPhrase,
            "status": Int(status.code),
            "detail": detail,
        ]
        if let replicas {
            members["replicas_answered"] = replicas.answered
            members["replicas_needed"] = replicas.needed
        }
        return .json(members, status: status, type: "application/problem+json", headers: headers)
    }
}

extension RequestError.Code {
    var httpStatus: HTTPResponseStatus {
        switch self {
        case .invalidArgument, .outOfRange: .badRequest
        case .wrongType, .notANumber: .conflict
        case .preconditionFailed: .preconditionFailed
        case .unauthenticated: .unauthorized
        case .permissionDenied: .forbidden
        case .overloaded: .tooManyRequests
        case .quorumNotReached, .shuttingDown, .layoutChanging, .replicaDamaged: .serviceUnavailable
        case .deadlineExceeded: .gatewayTimeout
        case .noSpace: .insufficientStorage
        case .internal: .internalServerError
        }
    }
}
