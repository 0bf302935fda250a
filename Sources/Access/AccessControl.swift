import ClusterCore
import Synchronization

/// The authorization point of a node: who its users are, and what each may do. Every request of every protocol passes
/// `Caller.check`, which goes by it. Any thread.
public final class AccessControl: Sendable {
    /// A user, and what its connections share.
    final class Entry: Sendable {
        let account: Account
        let limiter: RateLimiter?

        init(_ account: Account, _ limiter: RateLimiter?) {
            self.account = account
            self.limiter = limiter
        }
    }

    /// Whether the node knows no users, and anybody may do anything.
    public let isOpen: Bool
    /// Whether anybody may read the metrics, as a Prometheus that has no login.
    private let metricsAreOpen: Bool
    public let audit: AuditLog
    let nanoseconds: @Sendable () -> UInt64
    private let authenticator: (any Authenticator)?
    private let entries = Mutex<[String: Entry]>([:])
    /// Of the users: callers that have looked at an earlier one look again.
    private let revision = Atomic<Int>(0)
    private let counts = Mutex(RefusalCounts())

    /// A node that knows its users, once `replace` has named them.
    ///
    /// - Parameters:
    ///   - metricsAreOpen: Whether anybody may read the metrics.
    ///   - nanoseconds: A clock that never goes back, for limits of rates. Any thread.
    public init(
        authenticator: any Authenticator, audit: AuditLog, metricsAreOpen: Bool = false,
        nanoseconds: @escaping @Sendable () -> UInt64
    ) {
        isOpen = false
        self.metricsAreOpen = metricsAreOpen
        self.authenticator = authenticator
        self.audit = audit
        self.nanoseconds = nanoseconds
    }

    /// A node without users, open to whoever reaches it.
    public init(openWith audit: AuditLog) {
        isOpen = true
        metricsAreOpen = true
        authenticator = nil
        self.audit = audit
        nanoseconds = { 0 }
    }

    /// What an operation takes on this node: what the table says, but for what the operator has opened.
    public func requirement(of operation: Operation) -> Operation.Requirement {
        operation == .readMetrics && metricsAreOpen ? .nothing : operation.requirement
    }

    /// Puts these users in the place of those before. Open connections of users that are gone, or whose password or token is,
    /// have no rights from then on. A user whose limit stays the same stays as far ahead of it as it was.
    public func replace(_ accounts: [Account]) {
        entries.withLock { entries in
            var new: [String: Entry] = [:]
            for account in accounts {
                let old = entries[account.name]?.limiter
                let limiter = old?.limit == account.limit ? old : account.limit.map(RateLimiter.init)
                new[account.name] = Entry(account, limiter)
            }
            entries = new
        }
        revision.wrappingAdd(1, ordering: .releasing)
    }

    /// How often clients were refused since the start. Any thread.
    public var refusals: RefusalCounts { counts.withLock { $0 } }

    var currentRevision: Int { revision.load(ordering: .acquiring) }

    /// The user of a login that still holds.
    func entry(of login: Login) -> Entry? {
        guard let entry = entries.withLock({ $0[login.user] }),
            entry.account.credentials.contains(login.credential)
        else { return nil }
        return entry
    }

    /// As `Authenticator.authenticate`; refusals are noted.
    ///
    /// - Parameter address: Where the client is.
    func authenticate(
        _ credential: Credential, over clientProtocol: ClientProtocol, from address: String,
        _ completion: @escaping @Sendable (AuthenticationResult) -> Void
    ) -> AuthenticationResult? {
        guard let authenticator else { return .unknown }
        let noteRefusal = { @Sendable [self] (result: AuthenticationResult) in
            guard let reason = result.reason else { return }
            note(reason, .login(of: credential.claimedUser, from: address), over: clientProtocol)
        }
        let result = authenticator.authenticate(credential) { result in
            noteRefusal(result)
            completion(result)
        }
        if let result { noteRefusal(result) }
        return result
    }

    /// A client is refused: the one place where that is counted and has its line in the audit log.
    func note(_ reason: Refusal, _ event: AuditLog.Event, over clientProtocol: ClientProtocol) {
        counts.withLock { $0.add(clientProtocol, reason) }
        audit.refused(event, reason: "\(reason.code)")
    }
}

extension AuthenticationResult {
    /// Nil if the client is known.
    var reason: Refusal? {
        switch self {
        case .known: nil
        case .unknown: .wrongCredential
        case .overloaded: .tooManyLogins
        }
    }

    /// Why the client may not go on; nil if it is known.
    public var refusal: RequestError? {
        switch self {
        case .known: nil
        case .unknown: RequestError(.unauthenticated, "no user has this name and password, or this token")
        case .overloaded:
            RequestError(.overloaded, "the node is looking at too many passwords; try again")
        }
    }
}
