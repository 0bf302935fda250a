import Workloads

/// What one round is to do.
public struct LoadPlan: Sendable {
    public var servers: [Server]
    public var driver: Driver
    public var workload: Workload
    /// Records that there were at the beginning of all rounds: what is asked for most follows from it.
    public var firstRecords: Int
    public var values: ValueSource
    /// Bytes of each value.
    public var valueSize: Int
    public var connections: Int
    /// Operations in flight on each connection at most.
    public var pipeline: Int
    /// Operations a second over all connections; nil for as many as they can.
    public var rate: Double?
    public var seconds: Double
    /// The most operations; nil for as many as the time allows.
    public var operations: Int?
    public var seed: UInt64
    /// A list asks for the keys of records whose numbers differ in so many last digits: two, or more if it may ask for more.
    public var scanDigits: Int
    /// Whether a client whose connection breaks goes on at the next server; it ends the round otherwise.
    public var reconnects = false

    public init(
        servers: [Server], driver: Driver, workload: Workload, firstRecords: Int, values: ValueSource,
        valueSize: Int,
        connections: Int, pipeline: Int = 1, rate: Double? = nil, seconds: Double, operations: Int? = nil,
        seed: UInt64
    ) {
        self.servers = servers
        self.driver = driver
        self.workload = workload
        self.firstRecords = firstRecords
        self.values = values
        self.valueSize = valueSize
        self.connections = connections
        self.pipeline = pipeline
        self.rate = rate
        self.seconds = seconds
        self.operations = operations
        self.seed = seed
        scanDigits = max(2, String(workload.scanLengths.greatest - 1).count)
    }
}

/// By which protocol servers are spoken to.
public enum Driver: Sendable {
    case resp(RESPWire.Writing, bucket: String?)
    case http(bucket: String)
    case session(bucket: String)
    case unary(UnaryWire.Service)
}
