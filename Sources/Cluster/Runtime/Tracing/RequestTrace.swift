import ClusterCore
import NIOCore

/// The record of a request that is recorded as it goes, while it goes: itself, and each node that is asked for it. Lives on its shard's
/// event loop.
///
/// It reads the clock for each event, where the rest of the shard goes by one time for events that come together: parts would
/// else seem to take longer than the whole.
final class RequestTrace {
    /// By which others know the request's span.
    let own: TraceContext
    private let parent: TraceContext?
    private let tracer: NodeTracer
    private let clock: TraceClock
    /// By what the request goes, once that is known.
    var quorum: (n: Int, r: Int, w: Int)?
    /// Unchecked: nothing that it calls could come back here, and each event would pay for the check. So is the next one.
    @exclusivity(unchecked) private var asks: [RequestRecord.Ask] = []
    /// How many operations of it are under way. They may go on after its answer.
    @exclusivity(unchecked) private var operations = 0
    /// Nil before the answer.
    private var answer: RequestRecord.Answer?

    /// - Parameters:
    ///   - own: Of the request's span.
    ///   - parent: Of the span that has brought the request about; nil if it begins its trace.
    init(_ own: TraceContext, under parent: TraceContext?, by tracer: NodeTracer) {
        self.own = own
        self.parent = parent
        self.tracer = tracer
        clock = tracer.clock()
        // Three replicas, of which one may need a stand-in.
        asks.reserveCapacity(4)
    }

    // MARK: Operations

    /// One has begun.
    func began() { operations += 1 }

    /// It has ended: it hears no more answers.
    func ended(_ operation: UInt64) {
        for index in asks.indices where asks[index].operation == operation && asks[index].ended == nil {
            end(index, .noAnswer)
        }
        operations -= 1
        handOver()
    }

    /// The request is answered now.
    func answered(_ attempt: Attempt, _ subject: RequestSubject, _ response: Response) {
        answer = RequestRecord.Answer(attempt, subject, response, at: tracer.now)
        handOver()
    }

    /// Once nothing can come any more.
    private func handOver() {
        guard operations == 0, let answer else { return }
        tracer.append(
            .request(
                RequestRecord(
                    own: own, parent: parent, clock: clock, asks: asks, quorum: quorum, answer: answer)))
    }

    // MARK: Asks

    /// `node` is asked now.
    ///
    /// - Parameter span: The number of the ask's span.
    func asked(_ node: NodeID, to step: RequestTimeline.Step, by operation: UInt64, as span: UInt64) {
        asks.append(
            RequestRecord.Ask(
                node: node, operation: operation, step: step, spanID: span, begun: tracer.now))
    }

    /// `node` has answered what it was asked last by the operation. What was not asked of it changes nothing.
    func ended(_ node: NodeID, by operation: UInt64, _ error: ReplicaError?) {
        if let index = owed(by: node, to: operation) { end(index, SpanFailure(error)) }
    }

    private func end(_ index: Int, _ failure: SpanFailure?) {
        asks[index].ended = tracer.now
        asks[index].failure = failure
    }

    /// What this node was asked last by the operation is a read of what the engine has in memory. That takes no time worth a
    /// span, which would cost more than the read.
    func readsInMemory(by operation: UInt64) {
        if let index = owed(by: tracer.selfID, to: operation) { asks[index].isInMemory = true }
    }

    /// Of the span of what `node` was asked last by the operation, to tell it; nil if it owes no answer.
    func context(asking node: NodeID, by operation: UInt64) -> TraceContext? {
        owed(by: node, to: operation).flatMap {
            TraceContext(traceID: own.traceID, spanID: asks[$0].spanID, isSampled: true)
        }
    }

    /// For what the engine does for the operation; nil if this node owes it no answer.
    func work(by operation: UInt64) -> WorkTrace? {
        context(asking: tracer.selfID, by: operation).map {
            WorkTrace(tracer: tracer, parent: $0, clock: clock)
        }
    }

    private func owed(by node: NodeID, to operation: UInt64) -> Int? {
        asks.lastIndex { $0.node == node && $0.operation == operation && $0.ended == nil }
    }
}
