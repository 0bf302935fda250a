import Cluster

/// The settings of which requests are recorded as traces.
extension SettingTable {
    private static let defaults = TracingSettings()

    static let sampling: [Setting] = [
        Setting(
            "tracing.sample_ratio", .ratio, .text(String(defaults.sampleRatio)),
            "The part of the requests that is recorded, of those whose clients say nothing of a trace: 0.01 is one in a hundred."
        ),
        Setting(
            "tracing.max_per_second", .int(0...1_000_000), .int(defaults.maxPerSecond),
            "Requests that are recorded in a second at most, be they picked by chance or by their clients; and as many again that were slow or have failed."
        ),
    ]
}
