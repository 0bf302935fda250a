import LogLimits
import Logging
import Synchronization

/// The log of who has administered the node, and of who was refused what. Any thread.
public final class AuditLog: Sendable {
    /// Who, from where, what.
    public struct Event: Sendable {
        public var user: String
        public var address: String
        public var operation: String
        public var bucket = ""
        public var detail = ""

        public init(
            user: String, address: String, operation: String, bucket: String = "", detail: String = ""
        ) {
            self.user = user
            self.address = address
            self.operation = operation
            self.bucket = bucket
            self.detail = detail
        }

        /// A client has said who it is.
        static func login(of user: String, from address: String) -> Event {
            Event(user: user, address: address, operation: "authenticate")
        }
    }

    /// The logger's label.
    public static let label = "audit"
    /// Bytes of a request that are shown.
    private static let maxDetailBytes = 1_024
    private static let second: UInt64 = 1_000_000_000

    private let logger: Logger
    private let nanoseconds: @Sendable () -> UInt64
    private let refusals: Mutex<Repetition>

    /// - Parameters:
    ///   - logger: Labelled `label`.
    ///   - maxRefusalsPerSecond: Lines of refusals in a second; others are counted, and the count told by a later line.
    ///   - nanoseconds: A clock that never goes back. Any thread.
    public init(
        logger: Logger, maxRefusalsPerSecond: Int, nanoseconds: @escaping @Sendable () -> UInt64
    ) {
        self.logger = logger
        refusals = Mutex(Repetition(every: Self.second, most: maxRefusalsPerSecond))
        self.nanoseconds = nanoseconds
    }

    /// - Parameter failure: Why it was not done; nil if it was.
    func acted(_ event: Event, failure: String?) {
        var fields = Self.fields(of: event)
        fields["outcome"] = failure == nil ? "success" : "failure"
        if let failure { fields["reason"] = "\(failure)" }
        logger.notice("an administrator's action", metadata: fields)
    }

    func refused(_ event: Event, reason: String) {
        let now = nanoseconds()
        guard let leftOut = refusals.withLock({ $0.occurred(at: now) }) else { return }
        var fields = Self.fields(of: event)
        fields["reason"] = "\(reason)"
        if leftOut > 0 { fields[LimitedLog.leftOutKey] = "\(leftOut)" }
        logger.warning("refused", metadata: fields)
    }

    /// Tells of refusals that were left out and that no later one has told of. To be called now and then.
    public func flush() {
        let now = nanoseconds()
        let leftOut = refusals.withLock { $0.takeLeftOut(at: now) }
        if leftOut > 0 {
            logger.warning("refusals were left out", metadata: [LimitedLog.leftOutKey: "\(leftOut)"])
        }
    }

    private static func fields(of event: Event) -> Logger.Metadata {
        var fields: Logger.Metadata = [
            "user": "\(event.user)", "from": "\(event.address)", "operation": "\(event.operation)",
        ]
        if !event.bucket.isEmpty { fields["bucket"] = "\(event.bucket)" }
        if !event.detail.isEmpty { fields["detail"] = "\(event.detail.prefix(maxDetailBytes))" }
        return fields
    }
}
