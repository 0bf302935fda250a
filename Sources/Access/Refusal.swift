import ClusterCore

/// What clients speak.
public enum ClientProtocol: String, Sendable, CaseIterable {
    case grpc
    case http
    /// Redis's.
    case resp
}

/// Why the authorization point has refused a client.
public enum Refusal: String, Sendable, CaseIterable {
    /// What it has sent to prove who it is, is no user's.
    case wrongCredential = "wrong_credential"
    /// Nobody knows whether its password is right: too many others are being looked at.
    case tooManyLogins = "too_many_logins"
    /// It has not said who it is, or that user is gone, or has another password since.
    case noUser = "no_user"
    /// It is a user without the role that it takes.
    case noRole = "no_role"
    /// It is a user who may, but not so often.
    case rateLimit = "rate_limit"

    /// What the client is told, and the audit log.
    var code: RequestError.Code {
        switch self {
        case .wrongCredential, .noUser: .unauthenticated
        case .noRole: .permissionDenied
        case .tooManyLogins, .rateLimit: .overloaded
        }
    }
}

/// How often clients were refused, by what they speak and why.
public struct RefusalCounts: Sendable {
    private struct Key: Hashable {
        var clientProtocol: ClientProtocol
        var reason: Refusal
    }

    private var counts: [Key: Int] = [:]

    public subscript(clientProtocol: ClientProtocol, reason: Refusal) -> Int {
        counts[Key(clientProtocol: clientProtocol, reason: reason)] ?? 0
    }

    mutating func add(_ clientProtocol: ClientProtocol, _ reason: Refusal) {
        counts[Key(clientProtocol: clientProtocol, reason: reason), default: 0] += 1
    }
}
