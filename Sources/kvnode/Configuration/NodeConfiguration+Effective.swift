import Cluster
import ClusterCore
import Credentials
import Engine
import Logging
import NIOCore

extension NodeConfiguration {
    /// The typed form of `values`, which have been through `ConfigurationRules`.
    ///
    /// - Parameters:
    ///   - values: Of a table made for `engines`.
    ///   - processors: Where `node.event_loops: 0` takes one for every two.
    /// - Throws: `ConfigurationError` for an engine's option that the engine itself refuses.
    init(
        _ values: EffectiveConfiguration, engines: [any EngineFactory.Type] = EngineRegistry.all,
        processors: Int = System.coreCount
    ) throws {
        let loops = values.int("node.event_loops")
        node = Node(
            name: values.text("node.name"), dataDirectory: values.text("node.data_directory"),
            eventLoops: loops == 0 ? min(max(1, processors / 2), ClusterNode.maxEventLoops) : loops)
        cluster = ClusterOptions(
            name: values.text("cluster.name"), members: values.members,
            seeds: values.addresses("cluster.seeds"), join: values.bool("cluster.join"),
            partitions: values.int("cluster.partitions"),
            replication: values.int("cluster.replication"),
            maxClockDrift: values.milliseconds("cluster.max_clock_drift_ms"))
        bucketDefaults = BucketProperties(
            n: values.int("buckets.n"), r: values.int("buckets.r"), w: values.int("buckets.w"),
            policy: values.text("buckets.conflict") == "siblings" ? .siblings : .lastWriteWins,
            quorum: values.text("buckets.quorum") == "strict" ? .strict : .sloppy,
            ttlSeconds: values.int("buckets.ttl_seconds"))
        engine = try EngineSettings(values, engines: engines)
        requests = Requests(values)
        handoff = HandoffConfiguration(values)
        layouts = LayoutConfiguration(values)
        antiEntropy = AntiEntropyConfiguration(values)
        reaping = ReapingConfiguration(values)
        gossip = SwimSettings(values)
        let security = TLSRules(values: values)
        tls = TLSTimes(
            reload: values.milliseconds("tls.reload_ms"),
            handshake: values.milliseconds("tls.handshake_timeout_ms"))
        peer = Peer(
            listen: values.address("peer.listen"), advertise: HostPort(values.text("peer.advertise")),
            maxBatchBytes: values.int("peer.max_batch_bytes"),
            maxQueuedBytes: values.int("peer.max_queued_bytes"),
            backoffMin: values.milliseconds("peer.backoff_min_ms"),
            backoffMax: values.milliseconds("peer.backoff_max_ms"),
            keepalive: values.milliseconds("peer.keepalive_ms"), tls: security.peer)
        grpc = ClientGRPC(
            listen: values.address("grpc.listen"), maxMessageBytes: values.int("grpc.max_message_bytes"),
            maxSessionInFlight: values.int("grpc.max_session_in_flight"),
            maxSessionUnsentBytes: values.int("grpc.max_session_unsent_bytes"),
            maxCallsPerConnection: values.int("grpc.max_calls_per_connection"),
            maxConnections: values.int("grpc.max_connections"),
            maxReceivedBytes: values.int("grpc.max_received_bytes"),
            maxUnsentBytes: values.int("grpc.max_unsent_bytes"),
            keepalive: values.milliseconds("grpc.keepalive_ms"), tls: security.clients(of: "grpc"))
        http = HTTP(
            listen: values.address("http.listen"), maxConnections: values.int("http.max_connections"),
            idleTimeout: values.milliseconds("http.idle_timeout_ms"),
            requestTimeout: values.milliseconds("http.request_timeout_ms"),
            tls: security.clients(of: "http"))
        resp = RESP(
            listen: values.address("resp.listen"), bucket: values.text("resp.bucket"),
            maxConnections: values.int("resp.max_connections"),
            maxInFlight: values.int("resp.max_in_flight"),
            maxUnsentBytes: values.int("resp.max_unsent_bytes"),
            maxArguments: values.int("resp.max_arguments"),
            idleTimeout: values.milliseconds("resp.idle_timeout_ms"),
            requestTimeout: values.milliseconds("resp.request_timeout_ms"),
            keepalive: values.milliseconds("resp.keepalive_ms"), tls: security.clients(of: "resp"))
        access = Access(values)
        metrics = Metrics(
            isOpen: values.bool("metrics.open"), maxBuckets: values.int("metrics.max_buckets"),
            collectionTimeout: values.milliseconds("metrics.collection_timeout_ms"),
            maxLibrarySeries: values.int("metrics.max_library_series"))
        tracing = TracingRules(values: values).tracing
        sampling = TracingSettings(
            sampleRatio: values.choice("tracing.sample_ratio", Double.init(_:)),
            maxPerSecond: values.int("tracing.max_per_second"),
            maxQueuedSpans: values.int("tracing.queue_spans"),
            batchSpans: values.int("tracing.batch_spans"),
            batchTime: min(TimeAmount(values.milliseconds("tracing.flush_ms")), TracingSettings().batchTime))
        backup = Backup(values)
        log = Log(values)
        reservedFiles = values.int("clients.reserved_files")
        shutdownTimeout = values.milliseconds("shutdown.timeout_ms")
    }
}

extension NodeConfiguration.Access {
    fileprivate init(_ values: EffectiveConfiguration) {
        let file = values.text("access.users_file")
        usersFile = file.isEmpty ? nil : file
        reloadInterval = values.milliseconds("access.reload_interval_ms")
        limits = CredentialCheck.Limits()
        limits.threads = values.int("access.verification_threads")
        limits.maxPending = values.int("access.max_pending_verifications")
        limits.maxRemembered = values.int("access.max_remembered_passwords")
        maxRefusalsLoggedPerSecond = values.int("access.max_refusals_logged_per_second")
        exposures = ExposureRules.exposures(in: values)
    }
}

extension NodeConfiguration.EngineSettings {
    fileprivate init(_ values: EffectiveConfiguration, engines: [any EngineFactory.Type]) throws {
        factory = values.choice("engine.type") { name in engines.first { $0.name == name } }
        options = try values.options(of: factory)
        durability = values.text("engine.durability") == "synced" ? .synced : .buffered
        readerThreads = values.int("engine.reader_threads")
        rowCacheBytes = values.int("engine.row_cache_bytes")
        maxQueuedWrites = values.int("engine.max_queued_writes")
        maxQueuedReads = values.int("engine.max_queued_reads")
        maxQueuedWriteBytes = values.int("engine.max_queued_write_bytes")
        maxGroupOperations = values.int("engine.max_group_operations")
        maxGroupBytes = values.int("engine.max_group_bytes")
        commitDelay = .microseconds(values.int("engine.commit_delay_us"))
        commitSiblings = values.int("engine.commit_siblings")
    }
}

extension NodeConfiguration.Requests {
    fileprivate init(_ values: EffectiveConfiguration) {
        timeout = values.milliseconds("requests.timeout_ms")
        maxTimeout = values.milliseconds("requests.max_timeout_ms")
        maxInFlight = values.int("requests.max_in_flight")
        maxWait = values.milliseconds("requests.max_wait_ms")
        minInFlight = values.int("requests.min_in_flight")
        maxInFlightBytes = values.int("requests.max_in_flight_bytes")
        refusalPause = values.milliseconds("requests.refusal_pause_ms")
        maxReceivedBytes = values.int("requests.max_received_bytes")
        maxValueBytes = values.int("requests.max_value_bytes")
        listLimit = values.int("requests.list_limit")
        maxListLimit = values.int("requests.max_list_limit")
        maxBatchEntries = values.int("requests.max_batch_entries")
        readFanout = values.text("requests.read_fanout") == "all" ? .all : .quorum
        hedgeDelay = values.milliseconds("requests.hedge_ms")
        workloadSampleEvery = values.int("requests.workload_sample_every")
    }
}

extension HandoffConfiguration {
    fileprivate init(_ values: EffectiveConfiguration) {
        let limits = HintLedger.Limits(
            maxCountPerTarget: values.int("handoff.max_count_per_target"),
            maxBytesPerTarget: values.int("handoff.max_bytes_per_target"),
            maxBytes: values.int("handoff.max_bytes"))
        let sending = HandoffSender.Limits(
            maxHintsInFlight: values.int("handoff.max_hints_in_flight"),
            maxBytesInFlight: values.int("handoff.max_bytes_in_flight"),
            bytesPerSecond: values.int("handoff.bytes_per_second"),
            pageSize: values.int("handoff.page_hints"), maxAttempts: values.int("handoff.max_attempts"),
            retryDelayMillis: UInt64(values.int("handoff.retry_delay_ms")),
            maxAgeMillis: UInt64(values.int("handoff.max_age_ms")))
        self.init(
            limits: limits, whenFull: values.text("handoff.when_full") == "skip" ? .skip : .refuse,
            sending: sending, maxTargetsAtOnce: values.int("handoff.max_targets_at_once"),
            interval: values.amount("handoff.interval_ms"), timeout: values.amount("handoff.timeout_ms"),
            fallbackDelay: values.amount("handoff.fallback_delay_ms"))
    }
}

extension LayoutConfiguration {
    fileprivate init(_ values: EffectiveConfiguration) {
        let fill = PartitionFill.Limits(
            concurrency: values.int("layout.fill_concurrency"),
            maxComparisons: values.int("layout.fill_comparisons"),
            pageBytes: values.int("layout.fill_page_bytes"),
            bytesPerSecond: values.int("layout.fill_bytes_per_second"),
            percent: values.int("layout.fill_percent"),
            retryPause: UInt64(values.int("layout.fill_retry_ms")),
            maxFailures: values.int("layout.fill_max_failures"))
        self.init(
            fill: fill, maxRetries: values.int("layout.max_retries"),
            retryPause: values.amount("layout.retry_pause_ms"),
            newsInterval: values.amount("layout.news_interval_ms"),
            foundingGrace: values.amount("layout.founding_grace_ms"),
            autoCommitDelay: values.bool("cluster.auto_commit")
                ? values.amount("cluster.auto_commit_delay_ms") : nil)
    }
}

extension AntiEntropyConfiguration {
    fileprivate init(_ values: EffectiveConfiguration) {
        let schedule = EntropySchedule.Limits(
            interval: UInt64(values.int("anti_entropy.interval_ms")),
            returnPause: UInt64(values.int("anti_entropy.return_pause_ms")),
            retryPause: UInt64(values.int("anti_entropy.retry_pause_ms")),
            maxRunning: values.int("anti_entropy.max_running"),
            maxRunningPerPeer: values.int("anti_entropy.max_running_per_peer"))
        let comparison = PartitionComparison.Limits(
            confirmPause: UInt64(values.int("anti_entropy.confirm_pause_ms")),
            pageBytes: values.int("anti_entropy.page_bytes"), pageRows: values.int("anti_entropy.page_rows"),
            maxKeysInFlight: values.int("anti_entropy.max_keys_in_flight"),
            maxBytesInFlight: values.int("anti_entropy.max_bytes_in_flight"),
            bytesPerSecond: values.int("anti_entropy.bytes_per_second"),
            maxFailures: values.int("anti_entropy.max_failures"))
        let building = TreeBuilder.Limits(
            pageBytes: values.int("anti_entropy.build_page_bytes"),
            bytesPerSecond: values.int("anti_entropy.build_bytes_per_second"),
            retryPause: UInt64(values.int("anti_entropy.build_retry_ms")))
        self.init(
            schedule: schedule, comparison: comparison, timeout: values.amount("anti_entropy.timeout_ms"),
            building: building)
    }
}

extension ReapingConfiguration {
    fileprivate init(_ values: EffectiveConfiguration) {
        let limits = Reaper.Limits(
            interval: UInt64(values.int("reaping.interval_ms")),
            grace: UInt64(values.int("reaping.grace_ms")),
            pageBytes: values.int("reaping.page_bytes"), pageRows: values.int("reaping.page_rows"),
            bytesPerSecond: values.int("reaping.bytes_per_second"))
        self.init(limits: limits, timeout: values.amount("reaping.timeout_ms"))
    }
}

extension SwimSettings {
    fileprivate init(_ values: EffectiveConfiguration) {
        self.init()
        periodMillis = UInt64(values.int("gossip.period_ms"))
        pingTimeoutMillis = UInt64(values.int("gossip.ping_timeout_ms"))
        indirectProbes = values.int("gossip.indirect_probes")
        gossipMillis = UInt64(values.int("gossip.spread_ms"))
        gossipFanout = values.int("gossip.fanout")
        maxPacketBytes = values.int("gossip.max_packet_bytes")
        maxPageBytes = values.int("gossip.max_page_bytes")
        syncMillis = UInt64(values.int("gossip.sync_ms"))
        reconnectMillis = UInt64(values.int("gossip.reconnect_ms"))
        forgetDownMillis = UInt64(values.int("gossip.forget_down_ms"))
        forgetLeftMillis = UInt64(values.int("gossip.forget_left_ms"))
        maxMembers = values.int("gossip.max_members")
    }
}

extension NodeConfiguration.Log {
    fileprivate init(_ values: EffectiveConfiguration) {
        level = values.choice("log.level", Logger.Level.init(rawValue:))
        // The one choice that is no format is auto.
        format = LogFormat(rawValue: values.text("log.format"))
        maxQueuedBytes = values.int("log.max_queued_bytes")
        repeatInterval = values.milliseconds("log.repeat_interval_ms")
        let threshold = values.amount("log.slow_request_ms")
        slowRequests =
            threshold == .zero
            ? nil
            : SlowRequestSettings(
                threshold: threshold, maxPerSecond: values.int("log.max_slow_requests_per_second"))
    }
}

extension EffectiveConfiguration {
    /// What is set below `engine.` for an engine of the table, whether or not it is the node's.
    ///
    /// - Throws: `ConfigurationError` for an option that the engine itself refuses.
    func options(of engine: any EngineFactory.Type) throws -> EngineOptions {
        let prefix = "engine.\(engine.name)."
        var given: [String: String] = [:]
        for option in engine.options { given[option.name] = self[prefix + option.name].value.text }
        do {
            return try EngineOptions(engine.options, given: given, prefix: prefix)
        } catch {
            throw ConfigurationError([error.message])
        }
    }
}

/// Values by key, as the type that the key's kind makes sure of.
extension EffectiveConfiguration {
    func int(_ key: String) -> Int {
        guard case .int(let value) = self[key].value else { preconditionFailure("\(key) is no integer") }
        return value
    }

    func bool(_ key: String) -> Bool {
        guard case .bool(let value) = self[key].value else { preconditionFailure("\(key) is no truth value") }
        return value
    }

    func text(_ key: String) -> String {
        guard case .text(let value) = self[key].value else { preconditionFailure("\(key) is no text") }
        return value
    }

    func milliseconds(_ key: String) -> Duration { .milliseconds(int(key)) }

    func amount(_ key: String) -> TimeAmount { .milliseconds(Int64(int(key))) }

    func address(_ key: String) -> HostPort { choice(key, HostPort.init(_:)) }

    /// What `convert` makes of the text, which the key's kind has checked.
    func choice<T>(_ key: String, _ convert: (String) -> T?) -> T {
        guard let value = convert(text(key)) else {
            preconditionFailure("\(key) passed a check that it doesn't meet")
        }
        return value
    }

    func addresses(_ key: String) -> [HostPort] {
        guard case .list(let items) = self[key].value else { return [] }
        return items.compactMap(HostPort.init)
    }

    /// The parsed `cluster.members`. If the list is empty: this node alone, or none if it joins.
    var members: [Member] {
        guard case .list(let items) = self["cluster.members"].value else { return [] }
        if items.isEmpty {
            let own = Member(name: text("node.name"), address: text("peer.listen"))
            return bool("cluster.join") ? [] : [own]
        }
        return items.compactMap { try? MemberParser.parse($0) }
    }
}
