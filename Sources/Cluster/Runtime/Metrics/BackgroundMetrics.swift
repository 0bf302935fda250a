import Instruments

/// What is told of what a node does besides serving requests: read from what its parts keep anyway, when somebody asks.
enum BackgroundMetrics {
    static let hintsKept = MetricDefinition(
        "kvnode_hints", .gauge, "Hints that are kept here for other nodes.")
    static let hintBytes = MetricDefinition(
        "kvnode_hints_bytes", .gauge, unit: .bytes, "Bytes that they take in the engine.")
    static let oldestHint = MetricDefinition(
        "kvnode_hints_oldest_age_seconds", .gauge, unit: .seconds,
        "Age of the oldest; 0 if there is none. Past handoff.max_age_ms hints are dropped.")
    static let hintsStored = MetricDefinition(
        "kvnode_hints_stored", .counter, "States that were stored as hints.")
    static let hintsDelivered = MetricDefinition(
        "kvnode_hints_delivered", .counter, "Hints that were handed back to the node that lacked them.")
    static let hintsDropped = MetricDefinition(
        "kvnode_hints_dropped", .counter, labels: ["reason"],
        "Hints that are gone undelivered: `expired`, too old; `no_room`, never kept, as the bounds were reached."
    )
    static let writesWithoutHints = MetricDefinition(
        "kvnode_hints_refused_writes", .counter,
        "Writes that were refused since their hint would have found no room.")

    static let partitions = MetricDefinition(
        "kvnode_partitions_held", .gauge, "Partitions whose rows lie on this node.")
    static let transferPartitions = MetricDefinition(
        "kvnode_transfer_partitions", .gauge,
        "Partitions that this node is to copy from others by the present change; 0 if there is none.")
    static let transferLeft = MetricDefinition(
        "kvnode_transfer_partitions_left", .gauge, "Those of them that are not complete.")
    static let transferRows = MetricDefinition(
        "kvnode_transfer_rows", .gauge, "Rows that have come by the present change.")
    static let transferBytes = MetricDefinition(
        "kvnode_transfer_bytes", .gauge, unit: .bytes, "Bytes of these.")
    static let layoutVersion = MetricDefinition(
        "kvnode_layout_version", .gauge, "The version of the newest layout that this node knows.")
    static let layoutChanging = MetricDefinition(
        "kvnode_layout_changing", .gauge, "1 while a change of the layout is under way.")

    static let rounds = MetricDefinition(
        "kvnode_anti_entropy_rounds", .counter,
        "Comparisons of all partitions that are shared with a peer, to their end.")
    static let roundDuration = MetricDefinition(
        "kvnode_anti_entropy_round_duration_seconds", .histogram(.roundDurations), unit: .seconds,
        "From the beginning of a round to its end, of those that have come to it.")
    static let oldestRound = MetricDefinition(
        "kvnode_anti_entropy_oldest_round_age_seconds", .gauge, unit: .seconds,
        "Since the last round with the peer that has waited longest, of those that are connected and with which this node begins the rounds; since the start, if one has had none."
    )
    static let comparisons = MetricDefinition(
        "kvnode_anti_entropy_comparisons", .counter, labels: ["outcome"],
        "Comparisons of a partition whose roots differed: `done`, or `failed` before their end.")
    static let roots = MetricDefinition(
        "kvnode_anti_entropy_partitions_compared", .counter, "Roots of hash trees that were compared.")
    static let leaves = MetricDefinition(
        "kvnode_anti_entropy_leaves_differing", .counter, "Leaves of hash trees that differed.")
    static let keysCompared = MetricDefinition(
        "kvnode_anti_entropy_keys_compared", .counter, "Keys below these leaves.")
    static let keysDiffering = MetricDefinition(
        "kvnode_anti_entropy_keys_differing", .counter, "Keys whose states differed.")
    static let keysRepaired = MetricDefinition(
        "kvnode_anti_entropy_keys_repaired", .counter, labels: ["replica"],
        "States that were brought to this node, `local`, or to the peer, `remote`.")
    static let keysFailed = MetricDefinition(
        "kvnode_anti_entropy_keys_failed", .counter, "Keys that were left for the next round.")
    static let entropyBytes = MetricDefinition(
        "kvnode_anti_entropy_transferred_bytes", .counter, unit: .bytes,
        "Bytes that the comparisons have moved.")
    static let trees = MetricDefinition(
        "kvnode_anti_entropy_trees", .gauge, labels: ["state"],
        "Hash trees of the partitions held here: `complete`, or `building`.")

    static let sweeps = MetricDefinition(
        "kvnode_reaping_sweeps", .counter, "Sweeps for rows that are deleted or have expired.")
    static let reaped = MetricDefinition(
        "kvnode_reaping_rows_removed", .counter, "Rows that all their replicas were told to remove.")
    static let unconfirmed = MetricDefinition(
        "kvnode_reaping_rows_unconfirmed", .counter,
        "How often a row was left for the next sweep, since some replica could not confirm it.")

    static let gossipMembers = MetricDefinition(
        "kvnode_gossip_members", .gauge, labels: ["state"],
        "Nodes that gossip knows, this one included: `alive`, `suspect`, `down`, `left`.")
    static let peersConnected = MetricDefinition(
        "kvnode_peers_connected", .gauge, "Members of the layout to which this node has a stream.")
    static let peers = MetricDefinition(
        "kvnode_peers", .gauge, "Members of the layout besides this node.")
    static let probes = MetricDefinition(
        "kvnode_gossip_probes", .counter, labels: ["outcome"],
        "Probes of other nodes: `answered`, or `failed`, without an answer in their period.")
    static let suspicions = MetricDefinition(
        "kvnode_gossip_suspicions", .counter, "How often another node came to be suspected here, by whomever."
    )
    static let refutations = MetricDefinition(
        "kvnode_gossip_refutations", .counter, "How often this node had to refute that it is down.")
    static let localHealth = MetricDefinition(
        "kvnode_gossip_local_health", .gauge,
        "0 if this node keeps up well itself; more, the slower its own probes are.")
    static let isReady = MetricDefinition(
        "kvnode_ready", .gauge,
        "1 while requests have a fair chance: the node is not draining, and a majority of the members is connected."
    )
    static let refusedTimestamps = MetricDefinition(
        "kvnode_clock_refused_timestamps", .counter,
        "Timestamps of other nodes that were further ahead of this node's clock than cluster.max_clock_drift_ms."
    )
    static let clockOffset = MetricDefinition(
        "kvnode_clock_max_refused_offset_seconds", .gauge, unit: .seconds,
        "How far ahead the furthest of these was, since the start.")
    static let furthestClock = MetricDefinition(
        "kvnode_clock_max_offset_seconds", .gauge, unit: .seconds,
        "By how much the wall clock of another member that differs most from this node's is ahead of it, or behind, if negative: of those that are alive, at their last answers to this node's probes, within half of a probe's time."
    )
    static let medianClock = MetricDefinition(
        "kvnode_clock_median_offset_seconds", .gauge, unit: .seconds,
        "The same of the median of all clocks, this node's own included: far from 0 if it is this node's that is wrong."
    )

    static let definitions = [
        hintsKept, hintBytes, oldestHint, hintsStored, hintsDelivered, hintsDropped, writesWithoutHints,
        partitions, transferPartitions, transferLeft, transferRows, transferBytes, layoutVersion,
        layoutChanging, rounds, roundDuration, oldestRound, comparisons, roots, leaves, keysCompared,
        keysDiffering,
        keysRepaired, keysFailed, entropyBytes, trees, sweeps, reaped, unconfirmed, gossipMembers,
        probes, suspicions, refutations, localHealth, peersConnected, peers, isReady, refusedTimestamps,
        clockOffset, furthestClock, medianClock,
    ]
}
