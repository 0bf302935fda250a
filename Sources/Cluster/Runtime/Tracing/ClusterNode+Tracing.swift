import ClusterCore
import NIOCore
import Tracing

extension ClusterNode {
    /// For what a peer asks of this node's replica; nil if nothing is recorded here.
    ///
    /// - Parameters:
    ///   - context: The span that asks.
    ///   - arrived: When the batch came that it is part of.
    ///   - isInMemory: Whether it is a read of what was known to be in memory.
    func span(
        of step: RequestTimeline.Step, askedBy peer: NodeID, under context: TraceContext,
        at arrived: NIODeadline, isInMemory: Bool
    ) -> TraceSpan? {
        guard let tracer else { return nil }
        let name = gate.view.layout.readable.member(peer)?.name ?? String(peer.rawValue, radix: 16)
        return tracer.begin(
            step.name, .server, under: context, at: arrived,
            SpanAttributes(askedBy: name, to: step, at: tracer.nodeName, isInMemory: isInMemory))
    }
}
