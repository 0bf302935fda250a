import ClusterCore
import Engine
import NIOCore
import Tracing

/// A span that has begun. Any thread; to be ended once.
final class TraceSpan: Sendable {
    private let span: any Span
    private let tracer: NodeTracer
    private let clock: TraceClock

    init(_ span: any Span, of tracer: NodeTracer, _ clock: TraceClock) {
        self.span = span
        self.tracer = tracer
        self.clock = clock
    }

    /// By what others that are asked know it; nil if the tracer gives its spans no names of this kind.
    var context: TraceContext? { span.context.traceContext }

    var now: NIODeadline { tracer.now }

    /// Why a span's work was not done.
    struct Failure {
        /// Short, and the same for all of a kind.
        var type: String
        var message: String

        init(_ type: String, _ message: String) {
            self.type = type
            self.message = message
        }

        init(_ error: ReplicaError) { self.init("\(error.code)", error.message) }

        /// Nil if the replica has done what was asked.
        init?(_ reply: PeerReply) {
            guard case .failed(let error) = reply else { return nil }
            self.init(error)
        }
    }

    /// Begins a span for a part of this one's work.
    func child(
        _ name: String, _ kind: SpanKind, at time: NIODeadline, _ attributes: SpanAttributes = [:]
    ) -> TraceSpan {
        tracer.begin(name, kind, in: span.context, at: time, clock, attributes)
    }

    /// Begins the span of what a node is asked.
    ///
    /// - Parameter peer: Its name; nil for this node.
    func ask(_ peer: String?, to step: RequestTimeline.Step, at time: NIODeadline) -> TraceSpan {
        guard let peer else { return child(step.name, .internal, at: time) }
        return child(step.name, .client, at: time, SpanAttributes(asking: peer, to: step))
    }

    func end(at time: NIODeadline, _ attributes: SpanAttributes = [:], failure: Failure? = nil) {
        var attributes = attributes
        if let failure {
            attributes.set(errorType: failure.type)
            span.setStatus(SpanStatus(code: .error, message: failure.message))
        }
        if !attributes.isEmpty { add(attributes) }
        span.end(at: clock.instant(time))
    }

    private func add(_ attributes: SpanAttributes) {
        // Most have none before, and to merge with none costs as much as with some.
        if span.attributes.isEmpty {
            span.attributes = attributes
        } else {
            span.updateAttributes { $0.merge(attributes) }
        }
    }

    /// Ends it now, by what it came to.
    func end(after reply: PeerReply) { end(at: now, failure: Failure(reply)) }
}

// MARK: What an engine does for it

extension TraceSpan {
    /// The commit that the work was part of.
    func record(_ commit: GroupCommit) {
        // The executor's clock is that of the loops.
        child("engine commit", .internal, at: .uptimeNanoseconds(commit.begun))
            .end(
                at: .uptimeNanoseconds(commit.ended), SpanAttributes(of: commit),
                failure: commit.error.map { Failure(ReplicaError($0)) })
    }

    /// The read that the work was, or was part of, which has just ended.
    ///
    /// - Parameters:
    ///   - count: Of keys that were read together; nil for a range of them.
    ///   - reply: What it came to.
    func recordRead(since begun: NIODeadline, keys count: Int?, _ reply: PeerReply) {
        child("engine read", .internal, at: begun)
            .end(at: now, SpanAttributes(ofReadOf: count), failure: Failure(reply))
    }

    /// The work was a read of what the engine had in memory. That takes no time worth a span, which would cost more than the read.
    func wasReadInMemory() { add(.ofReadInMemory) }
}
