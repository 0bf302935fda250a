import ClusterCore

/// What must hold between several settings. Each that has its own range was checked when it was read.
struct ConfigurationRules {
    /// What a message carries around the largest value: keys, versions, contexts.
    static let messageOverhead = 64 << 10

    /// Fits the defaults that depend on the cluster's size, then checks.
    ///
    /// - Throws: `ConfigurationError` with every rule that doesn't hold.
    static func apply(to values: inout EffectiveConfiguration) throws(ConfigurationError) {
        let members = values.members
        let replication = values.int("cluster.replication")
        // A node that joins does not list all members.
        let replicas = values.bool("cluster.join") ? replication : min(members.count, replication)
        values.lowerDefault("buckets.n", to: replicas)
        values.lowerDefault("buckets.r", to: values.int("buckets.n"))
        values.lowerDefault("buckets.w", to: values.int("buckets.n"))

        var problems = memberProblems(values, members)
        if values.int("buckets.n") > replicas {
            problems.append(
                "\(values.shown("buckets.n")), but a key has \(replicas) replicas here: "
                    + "cluster.replication is \(values.int("cluster.replication")) and there are "
                    + "\(members.count) members")
        }
        for (smaller, larger, overhead) in orderedPairs
        where values.int(smaller) > values.int(larger) - overhead {
            let room = overhead > 0 ? " less \(overhead) for what comes with a value" : ""
            problems.append("\(values.shown(smaller)), but must be at most \(values.shown(larger))\(room)")
        }
        problems += TLSRules(values: values).problems
        problems += TracingRules(values: values).problems
        problems += BackupRules(values: values).problems
        if values.int("gossip.ping_timeout_ms") >= values.int("gossip.period_ms") {
            problems.append(
                "\(values.shown("gossip.ping_timeout_ms")), but must be less than \(values.shown("gossip.period_ms"))"
            )
        }
        problems += listenProblems(values)
        problems += ExposureRules.problems(in: values)
        if let problem = advertiseProblem(values) { problems.append(problem) }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
    }

    /// The first must be at most the second less the third.
    private static let orderedPairs = [
        ("buckets.r", "buckets.n", 0),
        ("buckets.w", "buckets.n", 0),
        ("requests.timeout_ms", "requests.max_timeout_ms", 0),
        ("requests.list_limit", "requests.max_list_limit", 0),
        ("requests.max_value_bytes", "peer.max_batch_bytes", messageOverhead),
        ("requests.max_value_bytes", "grpc.max_message_bytes", messageOverhead),
        ("grpc.max_message_bytes", "requests.max_received_bytes", 0),
        ("peer.max_batch_bytes", "peer.max_queued_bytes", 0),
        ("peer.backoff_min_ms", "peer.backoff_max_ms", 0),
        ("anti_entropy.max_bytes_in_flight", "peer.max_queued_bytes", 0),
        ("handoff.max_bytes_per_target", "handoff.max_bytes", 0),
        ("handoff.max_bytes_in_flight", "peer.max_queued_bytes", 0),
        ("layout.fill_page_bytes", "peer.max_batch_bytes", 0),
        ("tracing.batch_spans", "tracing.queue_spans", 0),
        ("tracing.backoff_min_ms", "tracing.backoff_max_ms", 0),
    ]

    private static func memberProblems(_ values: EffectiveConfiguration, _ members: [Member]) -> [String] {
        var problems: [String] = []
        var byAddress: [String: String] = [:]
        var names: Set<String> = []
        for member in members {
            if !names.insert(member.name).inserted {
                problems.append(
                    "cluster.members names \(member.name) twice (\(values["cluster.members"].origin))")
            } else if let other = byAddress.updateValue(member.name, forKey: member.address) {
                problems.append(
                    "cluster.members gives \(other) and \(member.name) the same address \(member.address) "
                        + "(\(values["cluster.members"].origin))")
            }
        }
        if let problem = seedProblem(values, members) { problems.append(problem) }
        let isListed = names.contains(values.text("node.name"))
        if isListed, values.bool("cluster.join") {
            problems.append(
                "\(values.shown("cluster.join")), but cluster.members has \(values.text("node.name")): "
                    + "list other nodes, those that are members already")
        } else if !isListed, !values.bool("cluster.join") {
            problems.append(
                "\(values.shown("node.name")), but cluster.members has only: "
                    + members.map(\.name).joined(separator: ", ")
                    + "; a node that is to join them sets cluster.join")
        }
        return problems
    }

    /// A node that joins finds the cluster by members or by seeds, one of the two; the others have no use for seeds.
    private static func seedProblem(_ values: EffectiveConfiguration, _ members: [Member]) -> String? {
        let hasSeeds = !values.addresses("cluster.seeds").isEmpty
        if !values.bool("cluster.join") {
            return hasSeeds
                ? "\(values.shown("cluster.seeds")), which is for nodes that join: \(values.shown("cluster.join"))"
                : nil
        }
        if hasSeeds, !members.isEmpty {
            return
                "\(values.shown("cluster.seeds")), but cluster.members says whom to ask: give one of the two"
        }
        if !hasSeeds, members.isEmpty {
            return
                "\(values.shown("cluster.join")), but neither cluster.members nor cluster.seeds says where the cluster is"
        }
        return nil
    }

    /// The others must be able to use what this node says of where it is.
    private static func advertiseProblem(_ values: EffectiveConfiguration) -> String? {
        let advertised = values.text("peer.advertise")
        let key = advertised.isEmpty ? "peer.listen" : "peer.advertise"
        // What is not set stands in the list of members, which a node that joins is not on.
        guard !advertised.isEmpty || values.bool("cluster.join"), let address = HostPort(values.text(key)),
            address.port == 0 || ["0.0.0.0", "::"].contains(address.host)
        else { return nil }
        return
            "\(values.shown(key)), where no other node finds this one: set peer.advertise to host:port of this node"
    }

    private static func listenProblems(_ values: EffectiveConfiguration) -> [String] {
        var users: [String: String] = [:]
        var problems: [String] = []
        for key in ["peer.listen", "grpc.listen", "http.listen", "resp.listen"]
        where values.address(key).port != 0 {
            if let other = users.updateValue(key, forKey: values.text(key)) {
                problems.append("\(values.shown(key)), which \(other) has too")
            }
        }
        return problems
    }
}

extension EffectiveConfiguration {
    /// Lowers a value that nobody set; one that was set stays, for the rules to judge.
    fileprivate mutating func lowerDefault(_ key: String, to limit: Int) {
        if self[key].origin == .defaultValue { self[key].value = .int(min(int(key), limit)) }
    }

    /// `key is "value" (where it came from)`.
    func shown(_ key: String) -> String {
        "\(key) is \"\(self[key].value.text)\" (\(self[key].origin))"
    }
}
