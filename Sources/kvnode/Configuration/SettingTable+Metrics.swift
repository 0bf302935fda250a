/// The settings of what the node tells of itself at `/metrics`.
extension SettingTable {
    static let metrics: [Setting] = [
        Setting(
            "metrics.open", .bool, .bool(false),
            "Whether anybody who reaches the HTTP port may read /metrics, where the node knows users; without it that takes the role read in all buckets."
        ),
        Setting(
            "metrics.max_buckets", .int(0...1_000), .int(10),
            "Buckets whose requests /metrics counts by name: the first that clients ask for; those of all others are counted as other. 0 counts none by bucket."
        ),
        Setting(
            "metrics.collection_timeout_ms", .int(1...60_000), .int(1_000),
            "How long an answer of /metrics waits for the storage engine's figures and for the disk's, which hang where a file system does."
        ),
        Setting(
            "metrics.max_library_series", .int(0...10_000), .int(200),
            "Series that libraries of this node may add to its own; more are left out, and counted."),
    ]
}
