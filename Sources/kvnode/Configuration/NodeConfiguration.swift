import Cluster
import ClusterCore
import Credentials
import Engine
import Logging
import TLS
import TraceExport

/// All that a node is told, checked: what `Node.run` is given.
struct NodeConfiguration: Sendable {
    /// `node.*`
    struct Node: Sendable {
        var name: String
        var dataDirectory: String
        /// At least 1: the automatic choice is made.
        var eventLoops: Int
    }

    /// `cluster.*`
    struct ClusterOptions: Sendable {
        var name: String
        /// Holds this node, under `Node.name`, unless it joins; empty if it joins by `seeds`.
        var members: [Member]
        /// Where to find members, if none is named.
        var seeds: [HostPort]
        /// Whether this node is none of those that began the cluster.
        var join: Bool
        var partitions: Int
        /// As configured: more than there are members is allowed.
        var replication: Int
        var maxClockDrift: Duration
    }

    /// `engine.*`
    struct EngineSettings: Sendable {
        var factory: any EngineFactory.Type
        /// Of this engine alone.
        var options: EngineOptions
        var durability: Durability
        var readerThreads: Int
        /// 0: none.
        var rowCacheBytes: Int
        var maxQueuedWrites: Int
        var maxQueuedReads: Int
        var maxQueuedWriteBytes: Int
        var maxGroupOperations: Int
        var maxGroupBytes: Int
        var commitDelay: Duration
        var commitSiblings: Int

        /// The name in `engine.type`.
        var type: String { factory.name }
    }

    /// `requests.*`
    struct Requests: Sendable {
        var timeout: Duration
        var maxTimeout: Duration
        /// This one and the next three: for each event loop.
        var maxInFlight: Int
        var maxWait: Duration
        var minInFlight: Int
        var maxInFlightBytes: Int
        var refusalPause: Duration
        /// For all clients of the node.
        var maxReceivedBytes: Int
        var maxValueBytes: Int
        var listLimit: Int
        var maxListLimit: Int
        var maxBatchEntries: Int
        var readFanout: ReadFanout
        var hedgeDelay: Duration
        /// 0: not at all.
        var workloadSampleEvery: Int
    }

    /// How the clients of a port speak TLS.
    struct ClientTLS: Sendable {
        var files: CredentialFiles
        /// Whether they have to present certificates.
        var wantsCertificates: Bool
    }

    /// `tls.*`, as far as it is not files.
    struct TLSTimes: Sendable {
        var reload: Duration
        var handshake: Duration
    }

    /// `peer.*`
    struct Peer: Sendable {
        var listen: HostPort
        /// Nil if nothing is set.
        var advertise: HostPort?
        var maxBatchBytes: Int
        var maxQueuedBytes: Int
        var backoffMin: Duration
        var backoffMax: Duration
        var keepalive: Duration
        /// Nil for plain text.
        var tls: CredentialFiles?
    }

    /// `grpc.*`
    struct ClientGRPC: Sendable {
        var listen: HostPort
        var maxMessageBytes: Int
        var maxSessionInFlight: Int
        var maxSessionUnsentBytes: Int
        var maxCallsPerConnection: Int
        var maxConnections: Int
        var maxReceivedBytes: Int
        var maxUnsentBytes: Int
        var keepalive: Duration
        /// Nil for plain text.
        var tls: ClientTLS?
    }

    /// `http.*`
    struct HTTP: Sendable {
        var listen: HostPort
        var maxConnections: Int
        var idleTimeout: Duration
        var requestTimeout: Duration
        /// Nil for plain text.
        var tls: ClientTLS?
    }

    /// `resp.*`
    struct RESP: Sendable {
        var listen: HostPort
        var bucket: String
        var maxConnections: Int
        var maxInFlight: Int
        var maxUnsentBytes: Int
        var maxArguments: Int
        var idleTimeout: Duration
        var requestTimeout: Duration
        var keepalive: Duration
        /// Nil for plain text.
        var tls: ClientTLS?
    }

    /// `access.*` and `insecure`
    struct Access: Sendable {
        /// Nil: the node knows no users.
        var usersFile: String?
        var reloadInterval: Duration
        var limits: CredentialCheck.Limits
        var maxRefusalsLoggedPerSecond: Int
        /// One line for each port that is open to other machines without what should protect it, which `insecure` allows.
        var exposures: [String]
    }

    /// `metrics.*`
    struct Metrics: Sendable {
        var isOpen: Bool
        var maxBuckets: Int
        var collectionTimeout: Duration
        var maxLibrarySeries: Int
    }

    /// `tracing.*`
    struct Tracing: Sendable {
        /// Without the headers.
        var export: TraceExportConfiguration
        /// Nil: there are none.
        var headersFile: String?
    }

    /// `log.*`
    struct Log: Sendable {
        var level: Logger.Level
        /// Nil: by where the log goes.
        var format: LogFormat?
        var maxQueuedBytes: Int
        var repeatInterval: Duration
        /// Nil: none is told.
        var slowRequests: SlowRequestSettings?
    }

    var node: Node
    var cluster: ClusterOptions
    /// `buckets.*`; fits the cluster.
    var bucketDefaults: BucketProperties
    var engine: EngineSettings
    var requests: Requests
    /// `handoff.*`
    var handoff: HandoffConfiguration
    /// `layout.*` and `cluster.auto_commit*`
    var layouts: LayoutConfiguration
    /// `anti_entropy.*`
    var antiEntropy: AntiEntropyConfiguration
    /// `reaping.*`
    var reaping: ReapingConfiguration
    /// `gossip.*`
    var gossip: SwimSettings
    var tls: TLSTimes
    var peer: Peer
    var grpc: ClientGRPC
    var http: HTTP
    var resp: RESP
    var access: Access
    var metrics: Metrics
    /// Nil: no traces are made.
    var tracing: Tracing?
    /// `tracing.*`, as far as it says which requests are recorded, and when their spans are made.
    var sampling: TracingSettings
    var backup: Backup
    var log: Log
    /// `shutdown.timeout_ms`
    /// Of the files that the process may open, which are not for clients' connections.
    var reservedFiles: Int
    var shutdownTimeout: Duration
}
