import Access
import Logging
import NIOCore

/// The way of commands from the bytes that came to what is asked of the store, step by step and without a connection: for
/// the benchmarks of `Benchmarks/Micro`, a package of its own. A connection takes the same steps.
public struct RESPSteps {
    private var parser = RESPParser()
    private var session: RESPSession

    /// The commands are a user's who may do anything, so that the check of rights is among the steps.
    ///
    /// - Parameter bucket: The connection's.
    public init(bucket: String) {
        let audit = AuditLog(
            logger: Logger(label: AuditLog.label), maxRefusalsPerSecond: 0, nanoseconds: { 0 })
        let access = AccessControl(authenticator: NobodyKnown(), audit: audit, nanoseconds: { 0 })
        access.replace([Account(name: "u", grants: [Grant(.admin, prefix: "")], credentials: [[]])])
        var caller = Caller(access, over: .resp)
        caller.logIn(Login(user: "u", credential: []))
        session = RESPSession(id: 1, bucket: bucket, wallMillis: { 0 }, caller: caller)
    }

    /// Takes in what has come.
    public mutating func append(_ bytes: ByteBuffer) { parser.append(bytes) }

    /// Finds the next command and its arguments.
    ///
    /// - Returns: The bytes of all arguments; nil if the command's end has not come yet.
    /// - Throws: What the client did wrong.
    public mutating func find() throws -> Int? {
        guard try parser.next() else { return nil }
        return (0..<parser.count).reduce(0) { $0 + parser.argument($1).count }
    }

    /// Plans the command that was found last.
    ///
    /// - Returns: Whether anything is asked of the store.
    public mutating func plan() -> Bool {
        switch session.plan(parser) {
        case .reply, .speak, .authenticate, .end: false
        case .read, .write, .change, .keyspace, .cluster, .put: true
        }
    }
}

/// For users who log in without it.
private struct NobodyKnown: Authenticator {
    func authenticate(
        _ credential: Credential, _ completion: @escaping @Sendable (AuthenticationResult) -> Void
    ) -> AuthenticationResult? { .unknown }
}
