/// What the shards of a node have seen, together.
public struct WorkloadShape: Equatable, Sendable {
    public private(set) var counts = WorkloadCounts()
    /// How many requests were sampled for `popularity`.
    public private(set) var samples: UInt64 = 0
    /// The greatest first. A key has one counter at most, since only one shard is asked for it.
    public private(set) var popularity: [KeyPopularity.Counter] = []

    public init() {}

    /// Adds what a shard that was not added before has seen.
    public mutating func add(_ sampler: WorkloadSampler) {
        counts.merge(sampler.counts)
        samples += sampler.popularity.samples
        popularity += sampler.popularity.counters
        popularity.sort { ($1.count, $0.label) < ($0.count, $1.label) }
    }
}
