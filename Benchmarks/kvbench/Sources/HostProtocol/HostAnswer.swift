import Results

/// What an engine-host says. An order has any number of `progress`, then `done` or `failed`.
public enum HostAnswer: Codable, Equatable, Sendable {
    /// Once, when the engine is open.
    case ready
    /// A few times a second.
    case progress(seconds: Double, operations: Int)
    case done(HostFigures)
    case failed(reason: String)
}

/// What a round has come to, as far as an engine-host knows it: what it costs its process is asked of the system.
public struct HostFigures: Codable, Equatable, Sendable {
    public var seconds: Double
    public var operations: Int
    /// Of operations that failed, by what was said, how many.
    public var errors: [String: Int]
    /// Reads and updates that found no record.
    public var absent: Int
    public var latency: Latency
    public var kinds: [String: Latency]
    /// Of keys and values.
    public var bytesWritten: Int
    /// Records of the bucket at the end.
    public var records: Int
    /// What the host took since its answer before for what isn't the engine's: drawing operations, making keys and values, taking
    /// the time.
    public var callerCPUSeconds: Double
    public var timeline: [Second]

    public init(
        seconds: Double, operations: Int, errors: [String: Int], absent: Int, latency: Latency,
        kinds: [String: Latency], bytesWritten: Int, records: Int, callerCPUSeconds: Double,
        timeline: [Second]
    ) {
        self.seconds = seconds
        self.operations = operations
        self.errors = errors
        self.absent = absent
        self.latency = latency
        self.kinds = kinds
        self.bytesWritten = bytesWritten
        self.records = records
        self.callerCPUSeconds = callerCPUSeconds
        self.timeline = timeline
    }
}
