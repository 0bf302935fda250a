/// What can be asked of a node, whichever protocol it is asked by, as far as rights are concerned. Each protocol says of each
/// of its methods which of these it is (`GRPCRules`, `HTTPRoute.operation(for:)`, `RESPCommand.operation`); what each needs is
/// `requirement`.
public enum Operation: String, Sendable, CaseIterable {
    /// Whether the node lives and serves.
    case health
    /// To say who one is, to choose the version of the protocol, to leave.
    case greet
    /// What is the same for all clients, or belongs to the connection: PING, INFO, which nodes serve which keys.
    case describe
    /// A stream of operations, each of which needs its own.
    case session
    case readKey = "read_key"
    /// Puts, deletes, and changes of counters, sets, maps and times to live.
    case writeKey = "write_key"
    case listKeys = "list_keys"
    case flushBucket = "flush_bucket"
    case readProperties = "read_properties"
    case setProperties = "set_properties"
    /// What the node is configured to.
    case readSettings = "read_settings"
    /// What clients have asked of the node.
    case readWorkload = "read_workload"
    /// What the node counts and measures of itself.
    case readMetrics = "read_metrics"
    case clusterStatus = "cluster_status"
    case planLayout = "plan_layout"
    case readRing = "read_ring"
    case stageChange = "stage_change"
    case unstageChange = "unstage_change"
    case commitLayout = "commit_layout"
    case declareLost = "declare_lost"
    /// Which events the node's log has.
    case setLogLevel = "set_log_level"

    case backupStatus = "backup_status"
    case beginBackup = "begin_backup"
    case cancelBackup = "cancel_backup"
    case beginRestore = "begin_restore"
    /// Rows of a restore that was begun, as many of them as it takes.
    case restoreRows = "restore_rows"

    /// What it takes to be allowed to.
    public enum Requirement: Equatable, Sendable {
        /// Anybody may.
        case nothing
        /// Any user may.
        case user
        /// In the bucket that is named.
        case bucket(Permission)
        /// In all buckets, as it concerns the node or the cluster.
        case node(Permission)
    }

    /// The table of rights: the one place that says who may do what.
    public var requirement: Requirement {
        switch self {
        case .health, .greet: .nothing
        case .describe, .session: .user
        case .readKey, .listKeys, .readProperties: .bucket(.read)
        case .writeKey: .bucket(.write)
        case .flushBucket, .setProperties: .bucket(.admin)
        // For a program that watches the node, which need not be able to change anything.
        case .readMetrics: .node(.read)
        case .readSettings, .readWorkload, .clusterStatus, .planLayout, .readRing: .node(.admin)
        case .stageChange, .unstageChange, .commitLayout, .declareLost, .setLogLevel: .node(.admin)
        case .backupStatus, .beginBackup, .cancelBackup, .beginRestore, .restoreRows: .node(.admin)
        }
    }

    /// Whether it is an action of an administrator's that changes something: each has its line in the audit log.
    public var isAudited: Bool {
        switch self {
        case .flushBucket, .setProperties, .stageChange, .unstageChange, .commitLayout, .declareLost,
            .setLogLevel, .beginBackup, .cancelBackup, .beginRestore:
            true
        case .health, .greet, .describe, .session, .readKey, .writeKey, .listKeys, .readProperties,
            .readSettings, .readWorkload, .readMetrics, .clusterStatus, .planLayout, .readRing, .backupStatus,
            .restoreRows:
            false
        }
    }
}

/// Which operation a method of a protocol is.
public struct AccessRule: Sendable, Equatable {
    public var clientProtocol: ClientProtocol
    /// As clients write it: `kvnode.v1.KeyValue/Get`, `GET /v1/workload`, `hget`.
    public var method: String
    public var operation: Operation

    public init(_ clientProtocol: ClientProtocol, _ method: String, _ operation: Operation) {
        self.clientProtocol = clientProtocol
        self.method = method
        self.operation = operation
    }
}
