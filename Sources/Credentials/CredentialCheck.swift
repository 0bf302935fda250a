import Access
import Crypto
import Foundation
import NIOPosix
import Synchronization

/// Tells whose a password or a token is, by the users of a file. Passwords are hashed on threads of its own, a bounded number
/// at a time; one that was found right lately is told at once. Any thread.
public final class CredentialCheck: Authenticator, Sendable {
    /// What an operator sets.
    public struct Limits: Sendable {
        /// Passwords that are hashed at the same time. Each takes the memory that its cost has it.
        public var threads = 1
        /// Passwords that are being hashed or wait for it; beyond them, logins are refused.
        public var maxPending = 32
        /// Passwords that are remembered as right.
        public var maxRemembered = 1_024

        public init() {}
    }

    private typealias Completion = @Sendable (AuthenticationResult) -> Void

    private struct State {
        var users = UserTable([])
        var cache: PasswordCache
        /// Who waits for the same user and password. Bounded like the calls and connections that they belong to.
        var pending: [[UInt8]: [Completion]] = [:]
    }

    private let limits: Limits
    private let pool: NIOThreadPool
    private let key = SymmetricKey(size: .bits256)
    private let state: Mutex<State>

    public init(limits: Limits) {
        self.limits = limits
        pool = NIOThreadPool(numberOfThreads: limits.threads)
        state = Mutex(State(cache: PasswordCache(limit: limits.maxRemembered)))
        pool.start()
    }

    /// Ends the threads; who waits is refused.
    public func shutdown() async throws { try await pool.shutdownGracefully() }

    /// Runs `body` on one of the threads: for the users file, whose disk may be slow.
    public func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await pool.runIfActive(body)
    }

    /// Puts these users in the place of those before, here and at the authorization point.
    public func replace(_ users: [User], in access: AccessControl) {
        // In this order, so that a login which comes between the two is refused and not let in by what is gone.
        access.replace(users.map(\.account))
        state.withLock { $0.users = UserTable(users) }
    }

    public func authenticate(
        _ credential: Credential, _ completion: @escaping @Sendable (AuthenticationResult) -> Void
    ) -> AuthenticationResult? {
        switch credential {
        case .token(let token):
            guard token.count <= APIToken.maxBytes else { return .unknown }
            let hash = APIToken.hash(token)
            return state.withLock { $0.users.login(ofToken: hash) }.map { .known($0) } ?? .unknown
        case .password(let user, let password):
            // scrypt takes no empty password; nobody has one.
            guard PasswordHash.lengths.contains(password.count), Account.isName(user) else { return .unknown }
            return check(user, password, completion)
        }
    }

    private enum Step {
        case answer(AuthenticationResult)
        case hash(PasswordHash, isUser: Bool)
        /// Somebody else has begun with the same.
        case wait
    }

    private func check(
        _ user: String, _ password: [UInt8], _ completion: @escaping Completion
    ) -> AuthenticationResult? {
        let digest = digest(user, password)
        let step: Step = state.withLock { state in
            let hash = state.users.password(of: user)
            if let hash, let login = state.cache.login(digest, hash) { return .answer(.known(login)) }
            if state.pending[digest] != nil {
                state.pending[digest]!.append(completion)
                return .wait
            }
            guard state.pending.count < limits.maxPending else { return .answer(.overloaded) }
            state.pending[digest] = [completion]
            return .hash(hash ?? state.users.decoy, isUser: hash != nil)
        }
        switch step {
        case .answer(let result): return result
        case .wait: return nil
        case .hash(let hash, let isUser):
            pool.submit { [self] work in
                guard work == .active else { return finish(digest, .overloaded) }
                verify(user, password, hash, isUser, digest)
            }
            return nil
        }
    }

    private func verify(
        _ user: String, _ password: [UInt8], _ hash: PasswordHash, _ isUser: Bool, _ digest: [UInt8]
    ) {
        do {
            // Of a user that there is not, it is asked all the same: the answer must not come sooner.
            let isRight = try hash.matches(password)
            guard isRight, isUser else { return finish(digest, .unknown) }
            let login = Login(user: user, credential: hash.hash)
            state.withLock { $0.cache.insert(digest, hash, login) }
            finish(digest, .known(login))
        } catch {
            // No memory for it.
            finish(digest, .overloaded)
        }
    }

    private func finish(_ digest: [UInt8], _ result: AuthenticationResult) {
        let waiting = state.withLock { $0.pending.removeValue(forKey: digest) } ?? []
        for completion in waiting { completion(result) }
    }

    /// A name holds no zero, so that no two pairs of user and password are the same bytes.
    private func digest(_ user: String, _ password: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(user.utf8) + [0] + password, using: key))
    }
}
