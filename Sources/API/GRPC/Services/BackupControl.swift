/// A node's backups, as an operator has them made. Any thread.
public protocol BackupControl: AnyObject, Sendable {
    /// The backup that is under way, or the last.
    var backup: BackupReport { get }

    /// Begins a backup, or goes on with one of that name that was ended.
    ///
    /// - Parameters:
    ///   - id: What it is called.
    ///   - place: Where it goes; empty for where the configuration says.
    /// - Throws: `BackupRefusal`.
    func beginBackup(_ id: String, to place: String) throws(BackupRefusal)

    /// Ends the backup that is under way, if there is one.
    func cancelBackup()
}

/// How a backup is doing.
public struct BackupReport: Equatable, Sendable {
    public enum State: Equatable, Sendable {
        /// There was none since the node's start.
        case none
        case running
        case done
        /// Why, in a word and for people.
        case failed(reason: String, String)
        case cancelled
    }

    public var node: String
    /// The cluster's, by name.
    public var members: [String]
    public var state = State.none
    public var id = ""
    public var place = ""
    public var partitions = 0
    public var partitionsDone = 0
    public var rows = 0
    /// Of keys and states.
    public var bytes = 0
    public var sentBytes = 0
    /// Milliseconds since 1970; 0 for not yet.
    public var beganMillis: UInt64 = 0
    public var endedMillis: UInt64 = 0

    public init(node: String, members: [String]) {
        self.node = node
        self.members = members
    }
}

/// Why a backup is not begun.
public enum BackupRefusal: Error, Equatable, Sendable {
    /// There is another: its name.
    case busy(String)
    /// The name or the place is none: why.
    case invalid(String)
    case shuttingDown
}
