import ClusterCore

/// Whoever sends the requests of one connection, or of one stream. Belongs to the connection's event loop.
///
/// Checking costs an atomic load and a look at the user's grants: no lock, no allocation, unless the users have changed since.
public struct Caller: Sendable {
    private let access: AccessControl
    /// Where it is, for the audit log.
    public var address: String
    private var login: Login?
    private var entry: AccessControl.Entry?
    /// Of the users, when `entry` was looked for.
    private var revision = 0

    public init(_ access: AccessControl, address: String = "unknown") {
        self.access = access
        self.address = address
    }

    /// Whether the node knows users at all.
    public var knowsUsers: Bool { !access.isOpen }

    /// As `AccessControl.authenticate`.
    public func authenticate(
        _ credential: Credential, _ completion: @escaping @Sendable (AuthenticationResult) -> Void
    ) -> AuthenticationResult? {
        access.authenticate(credential, from: address, completion)
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
    /// - Throws: `unauthenticated`. Has a line in the audit log.
    public mutating func checkIsKnown(for operation: Operation) throws(RequestError) {
        guard !access.isOpen, operation.requirement != .nothing, !isKnown() else { return }
        throw unknown(operation, "")
    }

    /// Whether it may do so, now. To be asked for each operation.
    ///
    /// - Parameters:
    ///   - bucket: Where, for what is done in one.
    ///   - count: Of keys or requests, for the limit of the user's rate.
    /// - Throws: `unauthenticated`, `permissionDenied`, or `overloaded` past the user's rate. Has a line in the audit log.
    public mutating func check(
        _ operation: Operation, bucket: String = "", count: Int = 1
    ) throws(RequestError) {
        if access.isOpen { return }
        let requirement = operation.requirement
        if requirement == .nothing { return }
        refresh()
        guard let entry else { throw unknown(operation, bucket) }
        guard entry.account.allows(requirement, bucket: bucket) else {
            throw refused(operation, bucket, .permissionDenied, denial(of: operation, bucket))
        }
        if let limiter = entry.limiter, !limiter.admit(count, now: access.nanoseconds()) {
            let limit = limiter.limit
            throw refused(
                operation, bucket, .overloaded,
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
            operation, bucket, .unauthenticated,
            "the node wants to know who asks: send a user's password, or a token")
    }

    private func refused(
        _ operation: Operation, _ bucket: String, _ code: RequestError.Code, _ message: String
    ) -> RequestError {
        access.audit.refused(event(operation, bucket, ""), reason: "\(code)")
        return RequestError(code, message)
    }

    private func event(_ operation: Operation, _ bucket: String, _ detail: String) -> AuditLog.Event {
        AuditLog.Event(
            user: login?.user ?? "-", address: address, operation: operation.rawValue, bucket: bucket,
            detail: detail)
    }
}
