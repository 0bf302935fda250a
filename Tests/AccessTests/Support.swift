import Logging
import Synchronization

@testable import Access

/// Keeps the lines of a log.
struct RecordedLog: LogHandler {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }

        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        lines.add(([event.level.rawValue, "\(event.message):"] + fields).joined(separator: " "))
    }
}

/// A clock that a test moves.
final class Clock: Sendable {
    private let time = Atomic<UInt64>(1_000_000_000_000)

    var now: UInt64 { time.load(ordering: .relaxed) }

    func advance(milliseconds: UInt64) { time.wrappingAdd(milliseconds * 1_000_000, ordering: .relaxed) }
}

/// An authorization point with a log and a clock of the test's, whose users log in without it.
struct Point {
    let lines = RecordedLog.Lines()
    let clock = Clock()
    let access: AccessControl

    init(maxRefusalsPerSecond: Int = 100, metricsAreOpen: Bool = false) {
        let lines = lines
        let clock = clock
        let audit = AuditLog(
            logger: Logger(label: AuditLog.label) { _ in RecordedLog(lines: lines) },
            maxRefusalsPerSecond: maxRefusalsPerSecond, nanoseconds: { clock.now })
        access = AccessControl(
            authenticator: Nobody(), audit: audit, metricsAreOpen: metricsAreOpen,
            nanoseconds: { clock.now })
    }

    /// Knows nobody's token, and finds out of a password later, that it has no time for it.
    private struct Nobody: Authenticator {
        func authenticate(
            _ credential: Credential, _ completion: @escaping @Sendable (AuthenticationResult) -> Void
        ) -> AuthenticationResult? {
            if case .token = credential { return .unknown }
            completion(.overloaded)
            return nil
        }
    }

    func caller(
        _ user: String, credential: [UInt8] = [1], over clientProtocol: ClientProtocol = .http
    ) -> Caller {
        var caller = Caller(access, over: clientProtocol, address: "10.0.0.9:5")
        caller.logIn(Login(user: user, credential: credential))
        return caller
    }
}

extension Account {
    init(_ name: String, _ grants: String..., limit: RateLimit? = nil) {
        self.init(name: name, grants: grants.map { Grant($0)! }, limit: limit, credentials: [[1]])
    }
}
