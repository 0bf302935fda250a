/// What one run of `kvbench compare` or `kvbench engine` found; stored as JSON, so that a later run can be held against it.
public struct Comparison: Codable, Equatable, Sendable {
    /// Of this file. Another is not read.
    public static let format = 1

    public var format = Comparison.format
    /// When it began, in ISO 8601.
    public var begun: String
    /// The words of the command line.
    public var command: [String]
    public var seed: UInt64
    public var machine: Machine
    /// What was run, by name: kvnode, and each engine's library where that is known.
    public var versions: [String: String]
    public var options: Options
    /// Whose workload was measured, if that was a recorded one.
    public var shape: WorkloadShape?
    /// Of clusters, in the order in which they were asked for.
    public var cells: [Cell]
    /// Nil if no engine was measured without a cluster.
    public var alone: Alone?
    /// Why it ended before all was measured; nil of a whole one.
    public var partial: String?

    public init(
        begun: String, command: [String], seed: UInt64, machine: Machine, versions: [String: String],
        options: Options, cells: [Cell] = []
    ) {
        self.begun = begun
        self.command = command
        self.seed = seed
        self.machine = machine
        self.versions = versions
        self.options = options
        self.cells = cells
    }
}

public struct Machine: Codable, Equatable, Sendable {
    /// As the kernel names it.
    public var processor: String
    public var processors: Int
    public var memoryBytes: Int
    public var kernel: String
    /// Load averages of 1, 5 and 15 minutes.
    public var loadBefore: [Double]
    public var loadAfter: [Double]

    public init(
        processor: String, processors: Int, memoryBytes: Int, kernel: String, loadBefore: [Double],
        loadAfter: [Double] = []
    ) {
        self.processor = processor
        self.processors = processors
        self.memoryBytes = memoryBytes
        self.kernel = kernel
        self.loadBefore = loadBefore
        self.loadAfter = loadAfter
    }
}

public struct Options: Codable, Equatable, Sendable {
    /// Those that kvbench started; 0 for a cluster that was running.
    public var nodes: Varied
    public var n: Int
    public var r: Int
    public var w: Int
    public var records: Varied
    public var valueSize: Int
    /// Connections, each with one operation in flight at a time (or `pipeline` of them).
    public var connections: Int
    public var pipeline: Int
    public var secondsPerRound: Double
    public var rounds: Int
    /// Operations a second that were offered; nil: as many as the connections can.
    public var rate: Double?
    /// resp, http or session (gRPC).
    public var driver: String

    public init(
        nodes: Varied, n: Int, r: Int, w: Int, records: Varied, valueSize: Int, connections: Int,
        pipeline: Int,
        secondsPerRound: Double, rounds: Int, rate: Double?, driver: String
    ) {
        self.nodes = nodes
        self.n = n
        self.r = r
        self.w = w
        self.records = records
        self.valueSize = valueSize
        self.connections = connections
        self.pipeline = pipeline
        self.secondsPerRound = secondsPerRound
        self.rounds = rounds
        self.rate = rate
        self.driver = driver
    }
}

/// One engine with one durability under one workload.
public struct Cell: Codable, Equatable, Sendable {
    public var engine: String
    /// buffered or synced.
    public var durability: String
    /// By its name: "a" … "f", "load", "conflict" …
    public var workload: String
    /// In the order of time. Round i of one cell ran beside round i of the others of its workload, one engine after the other.
    public var rounds: [Round]

    public init(engine: String, durability: String, workload: String, rounds: [Round] = []) {
        self.engine = engine
        self.durability = durability
        self.workload = workload
        self.rounds = rounds
    }
}

public struct Round: Codable, Equatable, Sendable {
    public var seconds: Double
    /// Those that were done.
    public var operations: Int
    /// Of operations that failed, by what was said, how many.
    public var errors: [String: Int]
    /// Of all operations that were done.
    public var latency: Latency
    /// By the kind of operation: read, update, insert, scan, modify, delete.
    public var kinds: [String: Latency]
    /// User and system time of all nodes; nil where it can't be known, as is what follows.
    public var nodeCPUSeconds: Double?
    public var generatorCPUSeconds: Double
    /// Resident, all nodes together, the most that was seen.
    public var memoryBytes: Int?
    /// Keys and values that clients wrote.
    public var userBytesWritten: Int
    /// By all nodes, to files; nil where it could not be counted.
    public var diskBytesWritten: Int?
    /// Of all nodes' directories, at the end.
    public var diskBytesUsed: Int?
    /// Keys and values that the cluster holds at the end, each counted once.
    public var userBytesHeld: Int
    /// fsync, fdatasync, msync of all nodes; nil where they could not be counted.
    public var syncs: Int?
    /// A second after the other.
    public var timeline: [Second]
    /// What was done to the cluster meanwhile.
    public var events: [Event]

    public init(
        seconds: Double, operations: Int, errors: [String: Int], latency: Latency, kinds: [String: Latency],
        nodeCPUSeconds: Double?, generatorCPUSeconds: Double, memoryBytes: Int?, userBytesWritten: Int,
        diskBytesWritten: Int?, diskBytesUsed: Int?, userBytesHeld: Int, syncs: Int?, timeline: [Second],
        events: [Event]
    ) {
        self.seconds = seconds
        self.operations = operations
        self.errors = errors
        self.latency = latency
        self.kinds = kinds
        self.nodeCPUSeconds = nodeCPUSeconds
        self.generatorCPUSeconds = generatorCPUSeconds
        self.memoryBytes = memoryBytes
        self.userBytesWritten = userBytesWritten
        self.diskBytesWritten = diskBytesWritten
        self.diskBytesUsed = diskBytesUsed
        self.userBytesHeld = userBytesHeld
        self.syncs = syncs
        self.timeline = timeline
        self.events = events
    }
}

/// In microseconds, of operations that were done.
public struct Latency: Codable, Equatable, Sendable {
    public var count: Int
    public var mean: Double
    public var p50: Double
    public var p95: Double
    public var p99: Double
    public var p999: Double
    public var max: Double
    /// Percentiles in rising order with their latencies, for a chart: 0, 10 … 90, 99, 99.9 … 100.
    public var curve: [Point]

    public struct Point: Codable, Equatable, Sendable {
        public var percentile: Double
        public var microseconds: Double

        public init(percentile: Double, microseconds: Double) {
            self.percentile = percentile
            self.microseconds = microseconds
        }
    }

    public init(
        count: Int, mean: Double, p50: Double, p95: Double, p99: Double, p999: Double, max: Double,
        curve: [Point]
    ) {
        self.count = count
        self.mean = mean
        self.p50 = p50
        self.p95 = p95
        self.p99 = p99
        self.p999 = p999
        self.max = max
        self.curve = curve
    }
}

public struct Second: Codable, Equatable, Sendable {
    /// Operations that ended in it.
    public var operations: Int
    public var errors: Int
    /// In microseconds, of those that ended in it.
    public var p99: Double

    public init(operations: Int, errors: Int, p99: Double) {
        self.operations = operations
        self.errors = errors
        self.p99 = p99
    }
}

/// What was done to the cluster.
public struct Event: Codable, Equatable, Sendable {
    /// Since the round's start.
    public var second: Double
    /// For people: "node2 killed".
    public var name: String
    /// When it was complete, if it takes its time; it may be after the last operation.
    public var until: Double?

    public init(second: Double, name: String, until: Double? = nil) {
        self.second = second
        self.name = name
        self.until = until
    }
}
