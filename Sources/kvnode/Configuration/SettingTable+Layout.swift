/// The settings of hints and of changes of the layout.
extension SettingTable {
    static let handoff: [Setting] = [
        Setting(
            "handoff.max_count_per_target", .int(0...1_000_000_000), .int(1_000_000),
            "Hints kept for one node; 0 keeps none."),
        Setting(
            "handoff.max_bytes_per_target", .int(0...(1 << 40)), .int(1 << 30),
            "Bytes of hints kept for one node."),
        Setting(
            "handoff.max_bytes", .int(0...(1 << 42)), .int(4 << 30), "Bytes of hints kept for all nodes."),
        Setting(
            "handoff.when_full", .choice(["skip", "refuse"]), .text("skip"),
            "A write whose hint finds no room goes without, or is refused if the replica is known to be away."
        ),
        Setting(
            "handoff.max_age_ms", .int(1_000...31_536_000_000), .int(86_400_000),
            "A hint older than this is dropped; read repair brings its state to whom it was for."),
        Setting(
            "handoff.max_hints_in_flight", .int(1...1_000_000), .int(512),
            "Hints sent to one node and not yet answered."),
        Setting(
            "handoff.max_bytes_in_flight", .int((4 << 10)...(1 << 30)), .int(4 << 20),
            "Their bytes; a larger hint goes alone."),
        Setting(
            "handoff.bytes_per_second", .int((4 << 10)...(64 << 30)), .int(32 << 20),
            "Bytes of hints handed back to one node in a second."),
        Setting("handoff.page_hints", .int(1...100_000), .int(512), "Keys whose hints are read at a time."),
        Setting(
            "handoff.max_attempts", .int(1...100), .int(3),
            "How often a hint is sent before it waits for the next pass."),
        Setting(
            "handoff.retry_delay_ms", .int(1...600_000), .int(500),
            "The pause after a hint that was not stored."),
        Setting(
            "handoff.max_targets_at_once", .int(1...1_000), .int(4), "Nodes that are handed hints at a time."),
        Setting(
            "handoff.interval_ms", .int(100...3_600_000), .int(10_000),
            "How often nodes that can be reached are handed their hints, besides when they connect."),
        Setting(
            "handoff.timeout_ms", .int(1...600_000), .int(5_000), "How long a node has to store a hint."),
        Setting(
            "handoff.fallback_delay_ms", .int(1...600_000), .int(100),
            "How long a put with a sloppy quorum waits for a silent replica before another node stands in."),
    ]

    static let layout: [Setting] = [
        Setting(
            "layout.fill_bytes_per_second", .int((4 << 10)...(64 << 30)), .int(256 << 20),
            "Bytes a second that this node copies when it becomes a replica."),
        Setting(
            "layout.fill_concurrency", .int(1...256), .int(1), "Partitions that it copies at a time."),
        Setting(
            "layout.fill_comparisons", .int(1...4_096), .int(16),
            "Partitions that it compares with a second source at a time."),
        Setting(
            "layout.fill_percent", .int(1...100), .int(30),
            "How much of the time it may spend on a partition's pages: it rests after each."),
        Setting(
            "layout.fill_page_bytes", .int((4 << 10)...(64 << 20)), .int(32 << 10),
            "Bytes that it asks for at a time; the value that exceeds it still comes."),
        Setting(
            "layout.fill_retry_ms", .int(1...600_000), .int(500),
            "The pause before a node that did not answer is asked again, and the longest of its rests."),
        Setting(
            "layout.fill_max_failures", .int(1...10_000), .int(10),
            "How often in a row a node may fail to give a partition before the others come first."),
        Setting(
            "layout.max_retries", .int(0...1_000), .int(10),
            "How often a request that meets a node of another layout is begun anew, within its timeout."),
        Setting(
            "layout.retry_pause_ms", .int(1...60_000), .int(50),
            "The pause before that, and before a layout that the disk refused is stored again."),
        Setting(
            "layout.news_interval_ms", .int(50...600_000), .int(1_000),
            "How often the other nodes are told the layout though it has not changed."),
        Setting(
            "layout.founding_grace_ms", .int(0...600_000), .int(1_000),
            "How long the nodes that begin a cluster wait for all, before a majority begins."),
    ]
}
