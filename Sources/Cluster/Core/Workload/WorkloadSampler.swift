/// Watches what clients ask of one shard: counts each request, and of a sample of them how often each key comes.
///
/// Only hashes of keys are kept, and nothing of values but their sizes. Nothing here allocates for a request.
public struct WorkloadSampler: Sendable {
    /// Of all shards of a node together, where each has enough.
    private static let counters = 1_024
    private static let leastCounters = 64

    public private(set) var counts = WorkloadCounts()
    public private(set) var popularity: KeyPopularity
    private let every: Int
    private var untilNext = 0
    private var random: SplitMix64

    /// - Parameters:
    ///   - every: One of how many requests is a sample, on average; at least 1. The gaps are drawn, so that a client that repeats
    ///     its requests in the same order does not have the same one sampled each time.
    ///   - shard: Which of the node's `shards` it is: each key is asked of one alone.
    public init(every: Int, shard: Int, of shards: Int) {
        precondition(every > 0, "one of at least one is a sample")
        self.every = every
        popularity = KeyPopularity(
            capacity: max(Self.leastCounters, Self.counters / shards), lane: shard, lanes: shards)
        random = SplitMix64(seed: UInt64(shard))
        untilNext = gap()
    }

    public mutating func get(_ key: StorageKey) {
        counts.gets += 1
        sample(key)
    }

    public mutating func put(_ key: StorageKey, _ content: Sibling.Content) {
        switch content {
        case .value(let value, contentType: _):
            counts.puts += 1
            counts.valueBytes.add(value.count)
        case .tombstone: counts.deletes += 1
        // No client puts one: they come of updates.
        case .part: return
        }
        sample(key)
    }

    public mutating func update(_ key: StorageKey) {
        counts.updates += 1
        sample(key)
    }

    public mutating func list(limit: Int) {
        counts.lists += 1
        counts.listLimits.add(max(limit, 0))
    }

    /// A get that was counted before has found nothing.
    public mutating func foundNothing() { counts.notFound += 1 }

    private mutating func sample(_ key: StorageKey) {
        let hash = hash64(key.bytes)
        counts.keyBytes.add(key.keySize)
        counts.keys.add(hash)
        untilNext -= 1
        if untilNext == 0 {
            popularity.add(hash)
            untilNext = gap()
        }
    }

    /// From 1 to twice `every` less 1, all alike.
    private mutating func gap() -> Int { 1 + random.next(below: 2 * every - 1) }
}
