import Access
import Logging
import Synchronization

extension AuditLog {
    /// Whose lines nobody reads.
    static var quiet: AuditLog {
        AuditLog(logger: Logger(label: "test"), maxRefusalsPerSecond: 0, nanoseconds: { 0 })
    }
}

extension AccessControl {
    /// Of a node without users.
    static var open: AccessControl { AccessControl(openWith: .quiet) }
}

/// Clients as the tests of rights have them, by what each may do.
enum Role: String, CaseIterable {
    /// Sends neither password nor token.
    case nobody
    /// Sends a token that there is not.
    case stranger
    /// A user without a grant.
    case powerless
    /// In the bucket `b` alone. So it is with the next two.
    case reader, writer, owner
    /// In another bucket.
    case foreign
    case readerOfAll, writerOfAll, administrator

    var grants: [Grant]? {
        switch self {
        case .nobody, .stranger: nil
        case .powerless: []
        case .reader: [Grant("read:b")!]
        case .writer: [Grant("write:b")!]
        case .owner: [Grant("admin:b*")!]
        case .foreign: [Grant("admin:other*")!]
        case .readerOfAll: [Grant("read:*")!]
        case .writerOfAll: [Grant("write:*")!]
        case .administrator: [Grant("admin:*")!]
        }
    }

    var isUser: Bool { grants != nil }

    /// Nil: it sends none.
    var token: String? { self == .nobody ? nil : Credential.tokenPrefix + rawValue }

    /// As a client of HTTP and gRPC sends it.
    var authorization: String? { token.map { "Bearer " + $0 } }

    /// What is to become of a request in the bucket `b`, by the words of the documents and not by the code's table.
    func expects(_ requirement: Operation.Requirement) -> Verdict {
        if requirement == .nothing { return .allowed }
        guard isUser else { return .unauthenticated }
        let isAllowed: Bool =
            switch requirement {
            case .nothing, .user: true
            case .bucket(.read):
                [.reader, .writer, .owner, .readerOfAll, .writerOfAll, .administrator].contains(self)
            case .bucket(.write): [.writer, .owner, .writerOfAll, .administrator].contains(self)
            case .bucket(.admin): [.owner, .administrator].contains(self)
            case .node(.read): [.readerOfAll, .writerOfAll, .administrator].contains(self)
            case .node(.write): [.writerOfAll, .administrator].contains(self)
            case .node(.admin): self == .administrator
            }
        return isAllowed ? .allowed : .denied
    }
}

enum Verdict { case allowed, unauthenticated, denied }

/// Knows the roles by their tokens at once, and by their passwords when the test says so.
final class FakeAuthenticator: Authenticator {
    private struct State {
        var held: [@Sendable () -> Void] = []
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// How many passwords wait for `release`.
    var heldCount: Int { state.withLock { $0.held.count } }

    func authenticate(
        _ credential: Credential, _ completion: @escaping @Sendable (AuthenticationResult) -> Void
    ) -> AuthenticationResult? {
        switch credential {
        case .token(let token):
            let user = String(decoding: token.dropFirst(Credential.tokenPrefix.utf8.count), as: UTF8.self)
            return Role(rawValue: user)?.isUser == true
                ? .known(Login(user: user, credential: token)) : .unknown
        case .password(let user, let password):
            let result: AuthenticationResult =
                switch String(decoding: password, as: UTF8.self) {
                case "secret": .known(Login(user: user, credential: password))
                case "busy": .overloaded
                default: .unknown
                }
            let waiter = state.withLock { state in
                state.held.append { completion(result) }
                return state.waiter.take()
            }
            waiter?.resume()
            return nil
        }
    }

    /// Waits for a password to come, and tells of it on the calling thread.
    func releaseNext() async {
        await nextHeld()
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for one in held { one() }
    }

    /// Waits for a password to come.
    func nextHeld() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.held.isEmpty { state.waiter = continuation }
                return !state.held.isEmpty
            }
            if isThere { continuation.resume() }
        }
    }
}

/// A node that knows the roles.
struct GuardedNode {
    let authenticator = FakeAuthenticator()
    let access: AccessControl

    init(
        audit: AuditLog = .quiet, limits: [Role: RateLimit] = [:],
        nanoseconds: @escaping @Sendable () -> UInt64 = { 0 }
    ) {
        access = AccessControl(authenticator: authenticator, audit: audit, nanoseconds: nanoseconds)
        set(Role.allCases, limits: limits)
    }

    /// Puts these roles in the place of those before; each has the password `secret`.
    func set(_ roles: [Role], limits: [Role: RateLimit] = [:]) {
        access.replace(
            roles.compactMap { role in
                guard let grants = role.grants, let token = role.token else { return nil }
                return Account(
                    name: role.rawValue, grants: grants, limit: limits[role],
                    credentials: [Array(token.utf8), Array("secret".utf8)])
            })
    }
}
