public import ClusterCore
public import Tracing

private enum TraceContextKey: ServiceContextKey {
    typealias Value = TraceContext
    static let nameOverride: String? = "traceparent"
}

extension ServiceContext {
    /// The trace, and the span that asks for what is done next: given to a tracer when a span starts, and had of a span that has
    /// started, to pass on.
    public var traceContext: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }
}
