/// Something that each round says of an engine, as one number.
public enum Figure: String, CaseIterable, Codable, Sendable {
    case throughput
    case latencyMean
    case latencyP50
    case latencyP95
    case latencyP99
    case latencyP999
    case latencyMax
    case cpuPerOperation
    case memory
    case writeAmplification
    case spaceAmplification
    case syncsPerOperation
    case changeSeconds
    case errors
    case generatorShare

    /// For a sentence: "latency p99".
    public var name: String {
        switch self {
        case .throughput: "throughput"
        case .latencyMean: "mean latency"
        case .latencyP50: "latency p50"
        case .latencyP95: "latency p95"
        case .latencyP99: "latency p99"
        case .latencyP999: "latency p99.9"
        case .latencyMax: "greatest latency"
        case .cpuPerOperation: "CPU per operation"
        case .memory: "memory"
        case .writeAmplification: "write amplification"
        case .spaceAmplification: "space amplification"
        case .syncsPerOperation: "syncs per operation"
        case .changeSeconds: "time until the change is complete"
        case .errors: "errors"
        case .generatorShare: "generator's CPU"
        }
    }

    /// Of what `value(of:)` returns; nil for plain counts and quotients.
    public var unit: String? {
        switch self {
        case .throughput: "operations/s"
        case .latencyMean, .latencyP50, .latencyP95, .latencyP99, .latencyP999, .latencyMax: "ms"
        case .cpuPerOperation: "µs"
        case .memory: "MiB"
        case .changeSeconds: "s"
        case .generatorShare: "of one core"
        case .writeAmplification, .spaceAmplification, .syncsPerOperation, .errors: nil
        }
    }

    /// Whether an engine is the better for a lower value.
    public var lessIsBetter: Bool { self != .throughput }

    /// Whether it says something of the engine. The generator's CPU says how far the others can be trusted.
    public var isOfEngine: Bool { self != .generatorShare }

    /// In `unit`; nil where it makes no sense, as a latency without operations or a write amplification without
    /// writes.
    public func value(of round: Round) -> Double? {
        switch self {
        case .throughput: quotient(Double(round.operations), round.seconds)
        case .latencyMean: milliseconds(round.latency.mean, of: round.latency)
        case .latencyP50: milliseconds(round.latency.p50, of: round.latency)
        case .latencyP95: milliseconds(round.latency.p95, of: round.latency)
        case .latencyP99: milliseconds(round.latency.p99, of: round.latency)
        case .latencyP999: milliseconds(round.latency.p999, of: round.latency)
        case .latencyMax: milliseconds(round.latency.max, of: round.latency)
        case .cpuPerOperation:
            round.nodeCPUSeconds.flatMap { quotient($0 * 1_000_000, Double(round.operations)) }
        case .memory: round.memoryBytes.map { Double($0) / 1_048_576 }
        case .writeAmplification:
            round.diskBytesWritten.flatMap { quotient(Double($0), Double(round.userBytesWritten)) }
        case .spaceAmplification:
            round.diskBytesUsed.flatMap { quotient(Double($0), Double(round.userBytesHeld)) }
        case .syncsPerOperation: round.syncs.flatMap { quotient(Double($0), Double(round.operations)) }
        case .changeSeconds: round.events.lazy.compactMap(\.seconds).first
        case .errors: Double(round.errorCount)
        case .generatorShare: quotient(round.generatorCPUSeconds, round.seconds)
        }
    }

    private func milliseconds(_ microseconds: Double, of latency: Latency) -> Double? {
        latency.count > 0 ? microseconds / 1_000 : nil
    }

    private func quotient(_ dividend: Double, _ divisor: Double) -> Double? {
        divisor > 0 ? dividend / divisor : nil
    }
}

extension Event {
    /// How long it took; nil of what happens at once.
    public var seconds: Double? { until.map { $0 - second } }
}

extension Round {
    /// Operations that failed, whatever was said.
    public var errorCount: Int { errors.values.reduce(0, +) }
}
