import Access
import Credentials
import Logging
import NIOCore
import ServiceLifecycle

/// Who may use the node: its users, read from their file, and again when that has changed.
struct AccessService: Service {
    let access: AccessControl
    private let settings: NodeConfiguration.Access
    private let logger: Logger
    /// Nil: the node knows no users.
    private let users: Users?

    private struct Users {
        var check: CredentialCheck
        var watch: UsersFileWatch
        var path: String
    }

    /// - Parameter metricsAreOpen: Whether anybody may read the metrics.
    /// - Throws: `UsersFileError` if the users file can't be read or is wrong.
    init(
        _ settings: NodeConfiguration.Access, metricsAreOpen: Bool, _ logger: Logger
    ) throws(UsersFileError) {
        self.settings = settings
        self.logger = logger
        let audit = AuditLog(
            logger: Logger(label: AuditLog.label), maxRefusalsPerSecond: settings.maxRefusalsLoggedPerSecond,
            nanoseconds: Self.nanoseconds)
        guard let path = settings.usersFile else {
            access = AccessControl(openWith: audit)
            users = nil
            return
        }
        var watch = UsersFileWatch(path: path)
        guard let found = try watch.changed() else { throw UsersFileError("there is no users file \(path)") }
        let check = CredentialCheck(limits: settings.limits)
        access = AccessControl(
            authenticator: check, audit: audit, metricsAreOpen: metricsAreOpen,
            nanoseconds: Self.nanoseconds)
        check.replace(found, in: access)
        users = Users(check: check, watch: watch, path: path)
        logger.info("users are known", metadata: ["users": "\(found.count)", "file": "\(path)"])
    }

    @Sendable private static func nanoseconds() -> UInt64 { NIODeadline.now().uptimeNanoseconds }

    /// Says what is open to other machines.
    func warn() {
        for exposure in settings.exposures { logger.warning("insecure: \(exposure)") }
    }

    /// Looks after the users file and the audit log until the node stops.
    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await look() }
        } catch is CancellationError {
            // The node stops.
        }
        access.audit.flush()
    }

    private func look() async throws {
        var watch = users?.watch
        while true {
            try await Task.sleep(for: settings.reloadInterval)
            access.audit.flush()
            guard let users, let before = watch else { continue }
            let (after, result) = try await users.check.run {
                var watch = before
                let result = Result { () throws(UsersFileError) in try watch.changed() }
                return (watch, result)
            }
            watch = after
            take(result, users)
        }
    }

    private func take(_ result: Result<[User]?, UsersFileError>, _ users: Users) {
        do throws(UsersFileError) {
            guard let found = try result.get() else { return }
            users.check.replace(found, in: access)
            logger.notice(
                "the users file was read again",
                metadata: ["users": "\(found.count)", "file": "\(users.path)"])
        } catch {
            logger.error("the users stay as they were", metadata: ["error": "\(error)"])
        }
    }

    /// Ends the threads that hash passwords. To be called once, when no server runs any more.
    func shutdown() async throws { try await users?.check.shutdown() }
}
