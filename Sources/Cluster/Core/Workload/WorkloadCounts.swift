/// What clients asked for, all requests counted.
public struct WorkloadCounts: Equatable, Sendable {
    public var gets: UInt64 = 0
    public var puts: UInt64 = 0
    public var deletes: UInt64 = 0
    /// Of counters, sets, maps, and of when keys expire.
    public var updates: UInt64 = 0
    public var lists: UInt64 = 0
    /// Gets that were answered with no value.
    public var notFound: UInt64 = 0
    /// Of the keys of all these but lists, without their buckets.
    public var keyBytes = SizeHistogram()
    /// Of what was put.
    public var valueBytes = SizeHistogram()
    /// How many keys lists asked for.
    public var listLimits = SizeHistogram()
    /// All keys, with their buckets.
    public var keys = HyperLogLog()

    public init() {}

    public mutating func merge(_ other: WorkloadCounts) {
        gets += other.gets
        puts += other.puts
        deletes += other.deletes
        updates += other.updates
        lists += other.lists
        notFound += other.notFound
        keyBytes.merge(other.keyBytes)
        valueBytes.merge(other.valueBytes)
        listLimits.merge(other.listLimits)
        keys.merge(other.keys)
    }
}
