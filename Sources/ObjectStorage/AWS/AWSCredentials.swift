/// What requests to AWS are signed with.
public struct AWSCredentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    public var accessKey: String
    public var secretKey: String
    /// Of those that AWS gives for a time.
    public var sessionToken: String?
    /// In seconds since 1970; nil: they last.
    public var expiration: Double?

    public init(
        accessKey: String, secretKey: String, sessionToken: String? = nil, expiration: Double? = nil
    ) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.expiration = expiration
    }

    /// Without what must stay secret.
    public var description: String { "credentials \(accessKey)" }
    public var debugDescription: String { description }
}

/// Where credentials come from.
public protocol CredentialProvider: Sendable {
    /// May be called from any number of tasks at once.
    func credentials() async throws(CredentialError) -> AWSCredentials

    /// A server takes these no more.
    ///
    /// - Returns: Whether the next call may give others.
    func hasOther(than refused: AWSCredentials) async -> Bool
}

extension CredentialProvider {
    public func hasOther(than refused: AWSCredentials) async -> Bool { false }
}

/// Why a provider has no credentials.
public struct CredentialError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The provider: `environment`, `web identity`, `container`, `instance metadata`.
    public var source: String
    public var reason: String
    /// Nothing names this provider, so that the next one is asked.
    public var isUnset: Bool

    public init(source: String, reason: String, isUnset: Bool = false) {
        self.source = source
        self.reason = reason
        self.isUnset = isUnset
    }

    public var description: String { "\(source): \(reason)" }
}
