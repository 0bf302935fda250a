import ClusterCore
import LogLimits
import Logging
import NIOCore

/// Tells of requests that took long: what each was, where its time went, and how it ended. Any thread.
final class SlowRequestLog: Sendable {
    let threshold: TimeAmount
    private let log: LimitedLog

    /// - Parameter loop: Its time and timers are gone by.
    init(_ settings: SlowRequestSettings, _ logger: Logger, on loop: any EventLoop) {
        threshold = settings.threshold
        log = LimitedLog(
            logger, every: UInt64(TimeAmount.seconds(1).nanoseconds), most: settings.maxPerSecond,
            clock: LimitedLog.Clock(loop))
    }

    func tell(_ request: SlowRequest) {
        log.log(.warning, "a request was slow", metadata: request.metadata)
    }
}

/// A request that took long, at the moment of its answer.
struct SlowRequest {
    var attempt: Attempt
    var subject: RequestSubject
    var timeline: RequestTimeline
    var answeredAt: NIODeadline
    var response: Response
    /// Its span, if it is recorded.
    var trace: TraceContext?
    /// This node, and the names of all.
    var selfID: NodeID
    var name: (NodeID) -> String

    var metadata: Logger.Metadata {
        var fields: Logger.Metadata = [
            "protocol": "\(attempt.origin.name)", "operation": "\(attempt.kind.name)",
            "duration_ms": "\(Self.milliseconds(answeredAt - attempt.submitted))",
            "waiting_ms": "\(Self.milliseconds(attempt.begun - attempt.submitted))",
        ]
        if !attempt.user.isEmpty { fields["user"] = "\(attempt.user)" }
        if attempt.byteCount > 0 { fields["value_bytes"] = "\(attempt.byteCount)" }
        if attempt.retries > 0 { fields["retries"] = "\(attempt.retries)" }
        if let trace {
            fields["trace_id"] = "\(trace.traceID)"
            fields["span_id"] = "\(trace.spanName)"
        }
        add(subject, to: &fields)
        add(timeline.entries, to: &fields)
        add(response, to: &fields)
        return fields
    }

    private func add(_ subject: RequestSubject, to fields: inout Logger.Metadata) {
        fields["bucket"] = "\(subject.bucket)"
        guard case .key(let key) = subject else { return }
        fields["partition"] = "\(key.partition)"
        fields["key_bytes"] = "\(key.key.count)"
    }

    private func add(_ entries: [RequestTimeline.Entry], to fields: inout Logger.Metadata) {
        let now = attempt.micros(at: answeredAt)
        if let own = entries.last(where: { $0.node == selfID && $0.outcome != .pending }) {
            fields["local_ms"] = "\(Self.milliseconds(micros: own.duration(at: now)))"
        }
        guard let slowest = entries.max(by: { $0.duration(at: now) < $1.duration(at: now) }) else { return }
        fields["slowest"] = "\(name(slowest.node))"
        fields["replicas"] = "\(entries.map { inWords($0, now) }.joined(separator: ", "))"
    }

    /// Like `node1 store 1.3`, `node2 store 812.0 pending`, `node2 read 7.0 failed`; the time in milliseconds.
    private func inWords(_ entry: RequestTimeline.Entry, _ now: UInt32) -> String {
        let time = Self.milliseconds(micros: entry.duration(at: now))
        let words = "\(name(entry.node)) \(entry.step.name) \(time)"
        return entry.outcome == .answered ? words : words + " \(entry.outcome)"
    }

    private func add(_ response: Response, to fields: inout Logger.Metadata) {
        guard case .failed(let error) = response else {
            fields["outcome"] = "success"
            // As many have answered as have to.
            fields["quorum_ms"] = "\(Self.milliseconds(answeredAt - attempt.begun))"
            return
        }
        fields["outcome"] = "failure"
        fields["error_code"] = "\(error.code)"
        fields["error"] = "\(error.message)"
    }

    private static func milliseconds(_ time: TimeAmount) -> String {
        milliseconds(micros: UInt32(clamping: time.nanoseconds / 1_000))
    }

    /// With one decimal.
    private static func milliseconds(micros: UInt32) -> String { "\(micros / 1_000).\(micros / 100 % 10)" }
}
