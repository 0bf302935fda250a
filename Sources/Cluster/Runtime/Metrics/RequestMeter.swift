import ClusterCore
import Instruments

/// What one shard counts of the requests that it coordinates. Written on the shard's loop alone, so that it costs no instruction
/// that locks a line of memory.
final class RequestMeter: Sendable {
    /// By origin, kind, and whether it failed.
    private let durations: [Histogram]
    private let failures: FailureMeter
    private let received: Counter
    private let sent: Counter
    private let inFlight: Gauge
    private let siblings: Histogram
    private let localRepairs: Counter
    private let remoteRepairs: Counter
    private let forwarded: Counter
    private let sentHints: Counter
    private let peerBatches: Histogram
    /// By phase.
    private let phases: [Histogram]
    private let requestRefusals: Counter
    private let byteRefusals: Counter
    private let maxInFlight: Gauge
    private let readsOnLoop: Counter
    private let readsByReader: Counter

    /// What is timed of a request's coordination.
    enum Phase: Int, CaseIterable {
        case localRead
        case readQuorum
        case localWrite
        case writeQuorum

        fileprivate var labels: [String] {
            switch self {
            case .localRead: ["read", "local"]
            case .readQuorum: ["read", "quorum"]
            case .localWrite: ["write", "local"]
            case .writeQuorum: ["write", "quorum"]
            }
        }
    }

    init(_ registry: MetricRegistry, _ failures: FailureMeter) {
        durations = RequestOrigin.allCases.flatMap { origin in
            RequestKind.allCases.flatMap { kind in
                ["ok", "error"].map { outcome in
                    registry.histogram(
                        RequestMetrics.duration, ["\(origin)", kind.name, outcome], showsZero: false)
                }
            }
        }
        self.failures = failures
        received = registry.counter(RequestMetrics.receivedBytes)
        sent = registry.counter(RequestMetrics.sentBytes)
        inFlight = registry.gauge(RequestMetrics.inFlight)
        siblings = registry.histogram(RequestMetrics.siblings)
        localRepairs = registry.counter(RequestMetrics.readRepairs, ["local"])
        remoteRepairs = registry.counter(RequestMetrics.readRepairs, ["remote"])
        forwarded = registry.counter(RequestMetrics.forwarded)
        sentHints = registry.counter(RequestMetrics.sentHints)
        peerBatches = registry.histogram(RequestMetrics.peerBatches)
        phases = Phase.allCases.map { registry.histogram(RequestMetrics.phases, $0.labels) }
        requestRefusals = registry.counter(RequestMetrics.overload, ["requests"])
        byteRefusals = registry.counter(RequestMetrics.overload, ["bytes"])
        maxInFlight = registry.gauge(RequestMetrics.maxInFlight)
        readsOnLoop = registry.counter(RequestMetrics.replicaReads, ["loop"])
        readsByReader = registry.counter(RequestMetrics.replicaReads, ["reader"])
    }

    /// A request was answered.
    ///
    /// - Parameters:
    ///   - receivedBytes: Of the value that it brought.
    ///   - nanoseconds: Since it came; a little less than none, if it came while the batch was served that gives the time.
    ///   - exemplar: Its trace, if it has one, and the time.
    func answered(
        _ origin: RequestOrigin, _ kind: RequestKind, receivedBytes: Int, nanoseconds: Int64,
        _ response: Response, exemplar: (trace: TraceContext.TraceID, wallMillis: UInt64)? = nil
    ) {
        var hasFailed = false
        var bytes = 0
        switch response {
        case .read(let reading), .written(let reading):
            for sibling in reading.siblings { bytes += sibling.content.byteCount }
        case .failed(let error):
            hasFailed = true
            failures.count(origin, kind, error.code)
        case .updated, .listed: break
        }
        let row = RequestMetrics.row(origin, kind)
        let durations = durations[row * 2 + (hasFailed ? 1 : 0)]
        if let exemplar {
            durations.record(
                max(0, Int(nanoseconds)), exemplar: TraceID(exemplar.trace), wallMillis: exemplar.wallMillis)
        } else {
            durations.recordAlone(max(0, Int(nanoseconds)))
        }
        if receivedBytes > 0 { received.addAlone(receivedBytes) }
        if bytes > 0 { sent.addAlone(bytes) }
    }

    func isInFlight(_ count: Int) { inFlight.set(count) }

    func read(siblings count: Int) { siblings.recordAlone(count) }

    /// - Parameter isLocal: Whether of this node's own replica.
    func repaired(isLocal: Bool) { (isLocal ? localRepairs : remoteRepairs).addAlone() }

    func sentOn() { forwarded.addAlone() }

    func ended(_ phase: Phase, nanoseconds: Int64) {
        phases[phase.rawValue].recordAlone(max(0, Int(nanoseconds)))
    }

    func refused(by bound: ShardLoad.Bound) {
        switch bound {
        case .requests: requestRefusals.addAlone()
        case .bytes: byteRefusals.addAlone()
        }
    }

    func mayBeInFlight(_ count: Int) { maxInFlight.set(count) }

    /// A batch for a peer has left the shard.
    func left(_ count: Int) { peerBatches.recordAlone(count) }

    func sentHint() { sentHints.addAlone() }

    /// A key of this node's replica was read at once.
    func readOnLoop() { readsOnLoop.addAlone() }

    /// So many went to a reader thread.
    func leftToReader(_ count: Int) { readsByReader.addAlone(count) }
}

extension TraceID {
    fileprivate init(_ trace: TraceContext.TraceID) { self.init(high: trace.high, low: trace.low) }
}
