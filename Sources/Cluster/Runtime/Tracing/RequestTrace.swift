import ClusterCore
import NIOCore
import Tracing

/// The spans of a request that is recorded as it goes: its own, and one for each node that is asked for it. Lives on its shard's
/// event loop.
///
/// It reads the clock for each event, where the rest of the shard goes by one time for events that come together: parts would
/// else seem to take longer than the whole.
final class RequestTrace {
    /// Of the request itself.
    let span: TraceSpan
    private let tracer: NodeTracer
    /// By what the request goes, once that is known.
    var quorum: (n: Int, r: Int, w: Int)?

    /// Somebody was asked, and has not answered.
    private struct Ask {
        /// For which operation: one may ask a node anew that owes another an answer.
        var operation: UInt64
        var node: NodeID
        var span: TraceSpan
    }

    private var asks: [Ask] = []

    /// - Parameters:
    ///   - name: Of the request's span.
    ///   - parent: The span that has brought the request about; nil if it begins its trace.
    ///   - submitted: When it came.
    init(
        _ name: String, under parent: TraceContext?, by tracer: NodeTracer, submitted: NIODeadline
    ) {
        self.tracer = tracer
        span = tracer.begin(name, .server, under: parent, at: submitted)
    }

    /// `node` is asked now.
    ///
    /// - Parameter name: Its own; nil for this node.
    func asked(_ node: NodeID, named name: String?, to step: RequestTimeline.Step, by operation: UInt64) {
        asks.append(
            Ask(operation: operation, node: node, span: span.ask(name, to: step, at: tracer.now)))
    }

    /// The span of what `node` was asked last by the operation; nil if it owes no answer.
    func span(asking node: NodeID, by operation: UInt64) -> TraceSpan? {
        asks.last { $0.node == node && $0.operation == operation }?.span
    }

    /// `node` has answered what it was asked last by the operation. What was not asked of it changes nothing.
    func ended(_ node: NodeID, by operation: UInt64, failure: TraceSpan.Failure?) {
        let index = asks.lastIndex { $0.node == node && $0.operation == operation }
        guard let index else { return }
        let ask = asks.remove(at: index)
        ask.span.end(at: tracer.now, failure: failure)
    }

    /// The operation has ended: it hears no more answers.
    func ended(_ operation: UInt64) {
        let time = tracer.now
        for ask in asks where ask.operation == operation {
            ask.span.end(at: time, failure: .noAnswer)
        }
        asks.removeAll { $0.operation == operation }
    }

    /// The request is answered now.
    func answered(_ attempt: Attempt, _ subject: RequestSubject, _ response: Response) {
        var attributes = SpanAttributes(of: attempt, subject, response, at: tracer.nodeName)
        if let quorum { attributes.set(n: quorum.n, r: quorum.r, w: quorum.w) }
        span.end(at: tracer.now, attributes, failure: TraceSpan.Failure(response))
    }
}

extension TraceSpan.Failure {
    static let noAnswer = TraceSpan.Failure("no_answer", "the operation ended without its answer")

    /// Nil if the request was served, or was to blame for it that it was not: then its span has just the type of the error.
    init?(_ response: Response) {
        guard case .failed(let error) = response, error.code.isNodesFault else { return nil }
        self.init(error.code.reason, error.message)
    }
}
