/// A user as the authorization point knows it: what it may do and how often, and which passwords and tokens are its own.
public struct Account: Sendable, Equatable {
    public var name: String
    public var grants: [Grant]
    public var limit: RateLimit?
    /// The digests by which logins tell how they were made. Whoever came with one that is here no longer is nobody any more.
    public var credentials: Set<[UInt8]>

    public init(name: String, grants: [Grant], limit: RateLimit? = nil, credentials: Set<[UInt8]>) {
        self.name = name
        self.grants = grants
        self.limit = limit
        self.credentials = credentials
    }

    /// What a user's or a token's name looks like.
    public static let nameRule = "1 to 64 of the characters a-z, A-Z, 0-9, \".\", \"_\" and \"-\""

    public static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "._-".contains($0) }
    }

    func allows(_ requirement: Operation.Requirement, bucket: String) -> Bool {
        switch requirement {
        case .nothing, .user: true
        case .bucket(let permission): grants.contains { $0.allows(permission, in: bucket) }
        case .node(let permission): grants.contains { $0.allowsOnNode(permission) }
        }
    }
}

/// What a client proves itself by.
public enum Credential: Sendable, Equatable {
    case password(user: String, [UInt8])
    case token([UInt8])

    /// With which all tokens begin: they can be found in what should hold none, and told from passwords.
    public static let tokenPrefix = "kvnode_"

    /// What a client of Redis's protocol sent: a user's password, or a token in place of the password of `default`, the user
    /// whose name clients send that were given none.
    public init(redisUser user: String = "default", _ secret: [UInt8]) {
        self =
            user == "default" && secret.starts(with: Self.tokenPrefix.utf8)
            ? .token(secret) : .password(user: user, secret)
    }

    /// For the audit log; no secret.
    var claimedUser: String {
        switch self {
        case .password(let user, _): String(user.prefix(64))
        case .token: "(token)"
        }
    }
}

/// Printed without the secret, wherever it should come to be printed.
extension Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        switch self {
        case .password(let user, _): "a password of \(user)"
        case .token: "a token"
        }
    }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A user who has proved to be one.
public final class Login: Sendable {
    public let user: String
    /// Of the password's hash or of the token: one of `Account.credentials`.
    public let credential: [UInt8]

    public init(user: String, credential: [UInt8]) {
        self.user = user
        self.credential = credential
    }
}

/// What became of a credential.
public enum AuthenticationResult: Sendable {
    case known(Login)
    /// There is no such user, or that is not the password: which of the two is not told.
    case unknown
    /// Too many others are being looked at.
    case overloaded
}

/// Tells whose a credential is.
public protocol Authenticator: Sendable {
    /// - Parameter completion: Called later, once and on any thread, if the result is nil.
    /// - Returns: The result, if it takes microseconds; nil if a password has to be hashed, which takes long by design and is
    ///   done on another thread. Any thread.
    func authenticate(
        _ credential: Credential, _ completion: @escaping @Sendable (AuthenticationResult) -> Void
    ) -> AuthenticationResult?
}
