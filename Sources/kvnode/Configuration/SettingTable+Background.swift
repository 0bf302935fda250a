import ClusterCore

extension SettingTable {
    private static let bytes = (4 << 10)...(1 << 30)
    private static let rates = (4 << 10)...(64 << 30)

    static let antiEntropy: [Setting] = [
        Setting(
            "anti_entropy.interval_ms", .int(1_000...2_592_000_000), .int(600_000),
            "How often two replicas compare all that they share, on average."),
        Setting(
            "anti_entropy.return_pause_ms", .int(1...3_600_000), .int(5_000),
            "How soon they do after one has come back; up to twice this."),
        Setting(
            "anti_entropy.retry_pause_ms", .int(1...3_600_000), .int(30_000),
            "The pause before a partition is tried again whose hash tree was being built."),
        Setting(
            "anti_entropy.max_running", .int(1...1_000), .int(4), "Partitions that are compared at a time."),
        Setting(
            "anti_entropy.max_running_per_peer", .int(1...1_000), .int(2),
            "Partitions that are compared with one node at a time."),
        Setting(
            "anti_entropy.confirm_pause_ms", .int(1...600_000), .int(2_000),
            "How long a difference must last to count; longer than a write takes to reach all replicas."),
        Setting(
            "anti_entropy.page_bytes", .int((4 << 10)...TreeKeysRequest.bytesLimit), .int(256 << 10),
            "Bytes of keys that are listed at a time."),
        Setting(
            "anti_entropy.page_rows", .int(1...TreeKeysRequest.rowsLimit), .int(4_096),
            "Rows that are read for a list at a time."),
        Setting(
            "anti_entropy.max_keys_in_flight", .int(1...100_000), .int(64),
            "Keys of one comparison whose values are exchanged at a time."),
        Setting("anti_entropy.max_bytes_in_flight", .int(bytes), .int(4 << 20), "Bytes of these."),
        Setting(
            "anti_entropy.bytes_per_second", .int(rates), .int(16 << 20),
            "Bytes of values that one comparison exchanges in a second."),
        Setting(
            "anti_entropy.max_failures", .int(1...1_000_000), .int(16),
            "Keys that may fail before a comparison gives up; the next one tries again."),
        Setting(
            "anti_entropy.timeout_ms", .int(1...600_000), .int(5_000), "How long a node has to answer."),
        Setting(
            "anti_entropy.build_page_bytes", .int(bytes), .int(128 << 10),
            "Bytes that are read at a time, between two commits, to build a hash tree."),
        Setting(
            "anti_entropy.build_bytes_per_second", .int(rates), .int(32 << 20),
            "Bytes that are read in a second to build hash trees."),
        Setting(
            "anti_entropy.build_retry_ms", .int(1...3_600_000), .int(5_000),
            "The pause after a reading that failed."),
    ]

    static let reaping: [Setting] = [
        Setting(
            "reaping.interval_ms", .int(1_000...2_592_000_000), .int(600_000),
            "The pause between two sweeps for what is deleted or has expired; up to a quarter longer."),
        Setting(
            "reaping.grace_ms", .int(0...2_592_000_000), .int(60_000),
            "For how long a row has been deleted or expired before a sweep takes it."),
        Setting(
            "reaping.page_bytes", .int(bytes), .int(256 << 10), "Bytes of rows that are read at a time."),
        Setting(
            "reaping.page_rows", .int(1...DeadRows.maxCount), .int(512),
            "Rows that all their replicas are asked to confirm at a time."),
        Setting(
            "reaping.bytes_per_second", .int(rates), .int(8 << 20), "Bytes that a sweep reads in a second."),
        Setting("reaping.timeout_ms", .int(1...600_000), .int(10_000), "How long a node has to confirm."),
    ]

    static let gossip: [Setting] = [
        Setting(
            "gossip.period_ms", .int(100...60_000), .int(1_000),
            "The protocol's period: each node probes one other in each."),
        Setting(
            "gossip.ping_timeout_ms", .int(10...60_000), .int(500),
            "When others are asked to probe as well; less than the period."),
        Setting("gossip.indirect_probes", .int(0...16), .int(3), "How many others."),
        Setting(
            "gossip.spread_ms", .int(10...60_000), .int(200),
            "How often news is passed on while there is any."),
        Setting("gossip.fanout", .int(1...16), .int(3), "To how many nodes each time."),
        Setting(
            "gossip.max_packet_bytes", .int(SwimSettings.minPacketBytes...65_536), .int(1_400),
            "Bytes of a message."),
        Setting(
            "gossip.max_page_bytes", .int(SwimSettings.minPacketBytes...(1 << 20)), .int(8 << 10),
            "Bytes of a page of all that is known."),
        Setting(
            "gossip.sync_ms", .int(1_000...3_600_000), .int(30_000),
            "How often all that is known is exchanged with another node, for each page that it fills."),
        Setting(
            "gossip.reconnect_ms", .int(100...3_600_000), .int(10_000),
            "How often a node that is down is looked for."),
        Setting(
            "gossip.forget_down_ms", .int(60_000...31_536_000_000), .int(86_400_000),
            "When a node that is down, and no member, is forgotten."),
        Setting(
            "gossip.forget_left_ms", .int(60_000...31_536_000_000), .int(259_200_000),
            "When a node that has left is forgotten."),
        Setting("gossip.max_members", .int(1...65_536), .int(4_096), "Nodes that are known at most."),
    ]
}
