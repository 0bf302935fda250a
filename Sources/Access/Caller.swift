import ClusterCore

/// Whoever sends the requests of one connection, or of one stream. Belongs to the connection's event loop.
///
/// Checking costs an atomic load and a look at the user's grants: no lock, no allocation, unless the users have changed since.
public struct Caller: Sendable {
    private let access: AccessControl
    private let clientProtocol: ClientProtocol
    /// Where it is, for the audit log.
    public var address: String
    private var login: Login?
    private var entry: AccessControl.Entry?
    /// Of the users, when `entry` was looked for.
    private var revision = 0

    /// In the audit log.
    private static let nobodysName = "-"

    /// Nobody.
    ///
    /// - Parameters:
    ///   - clientProtocol: What it speaks, for the count of refusals.
    ///   - address: Where it is, for the audit log.
    public init(_ access: AccessControl, over clientProtocol: ClientProtocol, address: String = "unknown") {
        self.access = access
        self.clientProtocol = clientProtocol
        self.address = address
    }

    /// The name of the user that it has proved to be; empty for nobody.
    public var user: String { login?.user ?? "" }

    /// Whether the node knows users at all.
    public var knowsUsers: Bool { !access.isOpen }

    /// As `Authenticator.authenticate`; refusals are counted, and have their line in the audit log.
    public func authenticate(
        _ credential: Credential, _ completion: @escaping @Sendable (AuthenticationResult) -> Void
    ) -> AuthenticationResult? {
        access.authenticate(credential, over: clientProtocol, from: address, completion)
    }

    /// What it has sent to prove who it is cannot be read. Is counted, and has a line in the audit log, like a wrong password.
    ///
    /// - Parameter message: What is wrong with it; without what it has sent.
    public func refuseLogin(_ message: String) -> RequestError {
        access.note(.wrongCredential, .login(of: Self.nobodysName, from: address), over: clientProtocol)
        return RequestError(.unauthenticated, message)
    }

    /// It has proved to be this user.
    public mutating func logIn(_ login: Login) {
        self.login = login
        revision = access.currentRevision
        entry = access.entry(of: login)
    }

    public mutating func logOut() {
        login = nil
        entry = nil
    }

    /// Whether it is a user now.
    public mutating func isKnown() -> Bool {
        refresh()
        return entry != nil
    }

    /// Whether it may go on to say what exactly it wants, which `check` decides on.
    ///
    /// - Throws: `unauthenticated`. Is counted, and has a line in the audit log.
    public mutating func checkIsKnown(for operation: Operation) throws(RequestError) {
        guard !access.isOpen, access.requirement(of: operation) != .nothing, !isKnown() else { return }
        throw unknown(operation, "")
    }

    /// Whether it may do so, now. To be asked for each operation.
    ///
    /// - Parameters:
    ///   - bucket: Where, for what is done in one.
    ///   - count: Of keys or requests, for the limit of the user's rate.
    /// - Throws: `unauthenticated`, `permissionDenied`, or `overloaded` past the user's rate. Is counted, and has a line in the
    ///   audit log.
    public mutating func check(
        _ operation: Operation, bucket: String = "", count: Int = 1
    ) throws(RequestError) {
        if access.isOpen { return }
        let requirement = access.requirement(of: operation)
        if requirement == .nothing { return }
        refresh()
        guard let entry else { throw unknown(operation, bucket) }
        guard entry.account.allows(requirement, bucket: bucket) else {
            throw refused(operation, bucket, .noRole, denial(of: operation, bucket))
        }
        if let limiter = entry.limiter, !limiter.admit(count, now: access.nanoseconds()) {
            let limit = limiter.limit
            throw refused(
                operation, bucket, .rateLimit,
                "\(entry.account.name) has \(limit.operationsPerSecond) operations a second, \(limit.burst) at once"
            )
        }
    }

    /// An action that is audited has ended.
    ///
    /// - Parameters:
    ///   - detail: What exactly was asked for.
    ///   - failure: Nil if it was done.
    public func audit(_ operation: Operation, bucket: String, detail: String = "", failure: String?) {
        guard operation.isAudited else { return }
        access.audit.acted(event(operation, bucket, detail), failure: failure)
    }

    private mutating func refresh() {
        guard let login, revision != access.currentRevision else { return }
        revision = access.currentRevision
        entry = access.entry(of: login)
    }

    private func denial(of operation: Operation, _ bucket: String) -> String {
        let user = login?.user ?? ""
        return switch operation.requirement {
        case .bucket(let permission):
            "\(user) has not the role \(permission.role) in the bucket \"\(bucket)\""
        case .node(let permission): "\(user) has not the role \(permission.role) in all buckets"
        case .nothing, .user: ""
        }
    }

    private func unknown(_ operation: Operation, _ bucket: String) -> RequestError {
        refused(
            operation, bucket, .noUser,
            "the node wants to know who asks: send a user's password, or a token")
    }

    private func refused(
        _ operation: Operation, _ bucket: String, _ reason: Refusal, _ message: String
    ) -> RequestError {
        access.note(reason, event(operation, bucket, ""), over: clientProtocol)
        return RequestError(reason.code, message)
    }

    private func event(_ operation: Operation, _ bucket: String, _ detail: String) -> AuditLog.Event {
        AuditLog.Event(
            user: login?.user ?? Self.nobodysName, address: address, operation: operation.rawValue,
            bucket: bucket,
            detail: detail)
    }
}
