import Cluster
import ClusterCore
import Engine

/// Every key that a node's configuration has, in the order in which `kvnode config` prints them.
///
/// The one list that reading, validation, printing and help go by: a key that isn't here doesn't exist.
struct SettingTable: Sendable {
    var settings: [Setting]

    init(settings: [Setting]) { self.settings = settings }

    /// The settings of a node that can run `engines`.
    init(engines: [any EngineFactory.Type] = EngineRegistry.all) {
        settings = Self.grouped(
            Self.node + Self.cluster + Self.buckets + Self.engine(engines)
                + engines.flatMap { Self.options(of: $0) } + Self.requests + Self.handoff + Self.layout
                + Self.antiEntropy + Self.reaping
                + Self.gossip
                + Self.peer + Self.clientAPIs + Self.tls + Self.access + Self.metrics
                + Self.tracing + Self.sampling + Self.backup + Self.operation)
    }

    subscript(key: String) -> Setting? { settings.first { $0.key == key } }

    private static let listLimits = 1...10_000
    private static let bytesPerMessage = (64 << 10)...(1 << 30)
    /// What a stored value's versions may take of the largest value that an engine holds.
    private static let versionsOverhead = 64 << 10

    private static let node: [Setting] = [
        Setting("node.name", .name, .text("node0"), "This node's name in cluster.members."),
        Setting(
            "node.data_directory", .path, .text("/var/lib/kvnode"),
            "Where the node keeps its data; created if it is missing."),
        Setting(
            "node.event_loops", .int(0...ClusterNode.maxEventLoops), .int(0),
            "Event loop threads; 0 takes one for every two processors, which leaves the others to the engine."
        ),
    ]

    private static let cluster: [Setting] = [
        Setting("cluster.name", .name, .text("kvnode"), "Nodes of other clusters are refused."),
        Setting(
            "cluster.members", .members, .list([]),
            "The nodes that begin the cluster, the same list on each: \(MemberParser.syntax). Empty: this node alone."
        ),
        Setting(
            "cluster.join", .bool, .bool(false),
            "This node came later: cluster.members are some of the cluster's nodes, and an operator makes it a member."
        ),
        Setting(
            "cluster.seeds", .addresses, .list([]),
            "Instead of cluster.members, for a node that joins: where nodes of the cluster answer, whatever their names. Of a name, such as a headless service's, all addresses are asked."
        ),
        Setting(
            "cluster.partitions", .powerOfTwo(1...65_536), .int(256),
            "Partitions of the hash space; fixed for the life of a cluster."),
        Setting(
            "cluster.replication", .int(1...Layout.maxReplicationFactor), .int(3),
            "Replicas of each key, if there are as many members."),
        Setting(
            "cluster.auto_commit", .bool, .bool(false),
            "Whether this node commits by itself what is staged, once that has stayed the same for auto_commit_delay_ms."
        ),
        Setting(
            "cluster.auto_commit_delay_ms", .int(1_000...3_600_000), .int(10_000),
            "How long that has to stay the same; checked every layout.news_interval_ms."),
        Setting(
            "cluster.max_clock_drift_ms", .int(0...3_600_000), .int(60_000),
            "How far another node's clock may be ahead before its timestamps are no longer followed."),
    ]

    private static let buckets: [Setting] = [
        Setting(
            "buckets.n", .int(1...BucketProperties.maximumN), .int(3),
            "Replicas of a key; by default no more than the cluster gives."),
        Setting(
            "buckets.r", .int(1...BucketProperties.maximumN), .int(2),
            "Replicas that must answer a read; by default no more than n."),
        Setting(
            "buckets.w", .int(1...BucketProperties.maximumN), .int(2),
            "Replicas that must store a write; by default no more than n."),
        Setting(
            "buckets.conflict", .choice(["siblings", "last-write-wins"]), .text("siblings"),
            "What becomes of concurrent writes: all are kept, or the latest is."),
        Setting(
            "buckets.quorum", .choice(["strict", "sloppy"]), .text("strict"),
            "Whether other nodes may stand in for a key's replicas."),
        Setting(
            "buckets.ttl_seconds", .int(0...BucketProperties.maximumTTLSeconds), .int(0),
            "Life of a value whose put names none; 0 is for ever."),
    ]

    private static func engine(_ engines: [any EngineFactory.Type]) -> [Setting] {
        let names = engines.map { $0.name }
        return [
            Setting("engine.type", .engine(names), .text(names[0]), "The storage engine."),
            Setting(
                "engine.durability", .choice(["buffered", "synced"]), .text("buffered"),
                "What an acknowledged write survives on each replica: a crash of the process, or power loss."),
            Setting(
                "engine.reader_threads", .int(1...256), .int(2), "Threads for reads that may wait for a disk."
            ),
            Setting(
                "engine.row_cache_bytes", .int(0...(1 << 40)), .int(CachedEngine.defaultMaxBytes),
                "Memory for rows read lately, unless the engine reads from memory anyway; 0 is none."),
            Setting(
                "engine.max_queued_writes", .int(1...1_000_000), .int(4096),
                "Write jobs that may wait; more are refused as overloaded."),
            Setting(
                "engine.max_queued_reads", .int(1...1_000_000), .int(4096),
                "Read jobs that may wait; more are refused as overloaded."),
            Setting(
                "engine.max_queued_write_bytes", .int((1 << 20)...(64 << 30)), .int(256 << 20),
                "Bytes of writes that wait for the engine at a time; more are refused."),
            Setting(
                "engine.max_group_operations", .int(1...1_000_000), .int(4096),
                "Puts and deletes that one group commit holds."),
            Setting(
                "engine.max_group_bytes", .int((4 << 10)...(1 << 30)), .int(8 << 20),
                "Bytes of keys and values that one group commit holds."),
            Setting(
                "engine.commit_delay_us", .int(0...100_000), .int(200),
                "How long a commit that flushes waits for more writes to share that; 0 is not at all."),
            Setting(
                "engine.commit_siblings", .int(1...1_000_000), .int(5),
                "Write jobs that must be there before a commit waits for more."),
        ]
    }

    private static func options(of engine: any EngineFactory.Type) -> [Setting] {
        engine.options.map { option in
            let kind: Setting.Kind =
                switch option.kind {
                case .int(let range): .int(range)
                case .bool: .bool
                case .choice(let names): .choice(names)
                }
            let key = "engine.\(engine.name).\(option.name)"
            guard let value = kind.parse(option.defaultValue) else {
                preconditionFailure("\(key) declares a default that it doesn't take: \(option.defaultValue)")
            }
            return Setting(key, kind, value, option.help)
        }
    }

    private static let requests: [Setting] = [
        Setting(
            "requests.timeout_ms", .int(1...3_600_000), .int(5_000), "The time of a request that names none."),
        Setting(
            "requests.max_timeout_ms", .int(1...3_600_000), .int(60_000),
            "The longest time that a request may ask for."),
        Setting(
            "requests.max_in_flight", .int(1...10_000_000), .int(10_000),
            "Requests that one event loop coordinates at a time; more are refused as overloaded."),
        Setting(
            "requests.max_wait_ms", .int(1...3_600_000), .int(2_000),
            "While even the quickest requests take longer, fewer are let begin, and the rest refused as overloaded."
        ),
        Setting(
            "requests.min_in_flight", .int(1...10_000_000), .int(1_000),
            "Requests that one event loop coordinates at a time however long they take."),
        Setting(
            "requests.max_in_flight_bytes", .int((1 << 20)...(1 << 40)), .int(256 << 20),
            "Bytes of values under way on one event loop; more are refused as overloaded."),
        Setting(
            "requests.refusal_pause_ms", .int(0...10_000), .int(100),
            "How long nothing is read of a connection of which a request was refused as overload."),
        Setting(
            "requests.max_received_bytes", .int((16 << 20)...(1 << 40)), .int(1 << 30),
            "Bytes of requests that are not complete, of all clients together; more are refused."),
        Setting(
            "requests.max_value_bytes", .int(1...(EngineLimits.maxValueSize - versionsOverhead)),
            .int(8 << 20),
            "The largest value."),
        Setting(
            "requests.list_limit", .int(listLimits), .int(100),
            "Keys on a page of a listing that names no number."),
        Setting(
            "requests.max_list_limit", .int(listLimits), .int(1_000), "The most keys on a page of a listing."),
        Setting(
            "requests.max_batch_entries", .int(1...100_000), .int(1_000),
            "The most entries of a BatchGet or BatchPut."),
        Setting(
            "requests.read_fanout", .choice(["all", "quorum"]), .text("quorum"),
            "Replicas that a read asks at first: all n, or r and one more after hedge_ms."),
        Setting(
            "requests.hedge_ms", .int(0...60_000), .int(20),
            "How long a read with fan-out quorum waits before it asks one replica more."),
        Setting(
            "requests.workload_sample_every", .int(0...1_000_000), .int(64),
            "One of how many requests is a sample for how often each key is asked for; 0: requests are not watched."
        ),
    ]

    private static let peer: [Setting] = [
        Setting("peer.listen", .address, .text("127.0.0.1:7401"), "Where the other nodes connect."),
        Setting(
            "peer.advertise", .optionalAddress, .text(""),
            "What this node tells the others of where they find it; empty: as in cluster.members, or peer.listen."
        ),
        Setting(
            "peer.max_batch_bytes", .int((1 << 20)...(1 << 30)), .int(64 << 20),
            "The longest batch between nodes; the same on every node. A key's siblings together may take half."
        ),
        Setting(
            "peer.max_queued_bytes", .int((64 << 10)...(16 << 30)), .int(128 << 20),
            "Bytes that may wait for one peer; requests past them fail."),
        Setting(
            "peer.backoff_min_ms", .int(1...60_000), .int(50), "The first pause before connecting again."),
        Setting(
            "peer.backoff_max_ms", .int(1...600_000), .int(5_000),
            "The longest pause before connecting again."),
        Setting(
            "peer.keepalive_ms", .int(100...600_000), .int(2_000),
            "A peer silent for so long is pinged, and given up after as long again."),
    ]

    private static let clientAPIs: [Setting] = [
        Setting(
            "clients.reserved_files", .int(0...100_000), .int(64),
            "Of the files that the process may open, so many are not for clients' connections."),
        Setting("grpc.listen", .address, .text("127.0.0.1:7400"), "Where gRPC clients connect."),
        Setting("grpc.max_message_bytes", .int(bytesPerMessage), .int(16 << 20), "The largest gRPC request."),
        Setting(
            "grpc.max_session_in_flight", .int(1...1_000_000), .int(1_024),
            "Operations of one Session stream that are served at a time; the rest wait."),
        Setting(
            "grpc.max_session_unsent_bytes", .int((64 << 10)...(1 << 30)), .int(8 << 20),
            "Replies of one Session stream that may wait for the client before no more operations are taken."),
        Setting(
            "grpc.max_calls_per_connection", .int(1...1_000_000), .int(1_000),
            "Calls that one gRPC connection may have under way."),
        Setting(
            "grpc.max_connections", .int(1...1_000_000), .int(10_000),
            "More gRPC connections than these are closed."),
        Setting(
            "grpc.max_received_bytes", .int((1 << 20)...(16 << 30)), .int(64 << 20),
            "What one gRPC connection may have sent of calls that can't begin yet; calls past it fail."),
        Setting(
            "grpc.max_unsent_bytes", .int((64 << 10)...(16 << 30)), .int(64 << 20),
            "Replies of one gRPC connection that may wait for the client; past them, requests fail."),
        Setting(
            "grpc.keepalive_ms", .int(1_000...86_400_000), .int(300_000),
            "A gRPC client silent for so long is pinged, and given up if it doesn't answer."),
        Setting("http.listen", .address, .text("127.0.0.1:7402"), "Where HTTP clients connect."),
        Setting(
            "http.max_connections", .int(1...1_000_000), .int(10_000),
            "More HTTP connections than these are closed."),
        Setting(
            "http.request_timeout_ms", .int(100...3_600_000), .int(60_000),
            "How long a client may take to send one request, its body included."),
        Setting(
            "http.idle_timeout_ms", .int(100...3_600_000), .int(60_000),
            "An HTTP connection without a request for so long is closed."),
        Setting(
            "resp.listen", .address, .text("127.0.0.1:7403"), "Where clients of Redis's protocol connect."),
        Setting(
            "resp.bucket", .name, .text("default"), "The bucket of a RESP connection that has named none."),
        Setting(
            "resp.max_connections", .int(1...1_000_000), .int(10_000),
            "More RESP connections than these are closed."),
        Setting(
            "resp.max_in_flight", .int(1...1_000_000), .int(1_024),
            "Commands of one RESP connection that are served at a time; the rest wait."),
        Setting(
            "resp.max_unsent_bytes", .int((64 << 10)...(1 << 40)), .int(64 << 20),
            "Bytes of replies that a RESP client has not taken; beyond, its commands wait, or get an error."),
        Setting(
            "resp.max_arguments", .int(16...(1 << 24)), .int(1 << 20), "Arguments of one RESP command."),
        Setting(
            "resp.idle_timeout_ms", .int(0...86_400_000), .int(0),
            "A RESP connection without a command for so long is closed; 0 for never."),
        Setting(
            "resp.request_timeout_ms", .int(100...3_600_000), .int(60_000),
            "How long a RESP client may take to send one command, or take nothing of its replies."),
        Setting(
            "resp.keepalive_ms", .int(1_000...86_400_000), .int(300_000),
            "A RESP client not heard of for so long is probed by TCP, and closed if it is gone."),
    ]

    private static let operation: [Setting] = [
        Setting(
            "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
            .text("info"),
            "The least severe events that are logged; kvnode config set changes it while the node runs."),
        Setting(
            "log.format", .choice(["auto", "text", "json"]), .text("auto"),
            "Lines for people, or one JSON object a line, by the Elastic Common Schema; auto: text on a terminal, else JSON."
        ),
        Setting(
            "log.max_queued_bytes", .int((64 << 10)...(1 << 30)), .int(4 << 20),
            "Lines that wait for whoever reads the log; more are left out, and their number told."),
        Setting(
            "log.repeat_interval_ms", .int(100...86_400_000), .int(60_000),
            "How long a fault that goes on is not told again; then with the number of times."),
        Setting(
            "log.slow_request_ms", .int(0...3_600_000), .int(500),
            "Requests that take so long have a line that says where the time went; 0: none has."),
        Setting(
            "log.max_slow_requests_per_second", .int(1...10_000), .int(10),
            "Lines on slow requests in a second; the number of the others is told."),
        Setting(
            "shutdown.timeout_ms", .int(0...600_000), .int(10_000),
            "How long a stop waits for requests that were taken before it cuts them off."),
    ]
}
