/// What kvbench asks of an engine-host: a round under a workload, or the loading of records before.
public struct HostOrder: Codable, Equatable, Sendable {
    /// By its name.
    public var workload: String
    /// Where its records are; one that was not named before has none.
    public var bucket: String
    /// Records that there were at the beginning of all rounds: what is asked for most follows from it.
    public var firstRecords: Int
    /// Bytes of each value.
    public var valueSize: Int
    /// Operations in flight.
    public var callers: Int
    /// Nodes of a cluster that would have coordinated the writes: what is stored beside a value names each.
    public var coordinators: Int
    public var seconds: Double
    /// The most operations; nil for as many as the time allows.
    public var operations: Int?
    public var seed: UInt64

    public init(
        workload: String, bucket: String, firstRecords: Int, valueSize: Int, callers: Int, coordinators: Int,
        seconds: Double, operations: Int? = nil, seed: UInt64
    ) {
        self.workload = workload
        self.bucket = bucket
        self.firstRecords = firstRecords
        self.valueSize = valueSize
        self.callers = callers
        self.coordinators = coordinators
        self.seconds = seconds
        self.operations = operations
        self.seed = seed
    }
}
