public import ClusterCore
public import Tracing

private enum TraceContextKey: ServiceContextKey {
    typealias Value = TraceContext
    static let nameOverride: String? = "traceparent"
}

private enum PresetTraceContextKey: ServiceContextKey {
    typealias Value = TraceContext
}

extension ServiceContext {
    /// The trace, and the span that asks for what is done next: given to a tracer when a span starts, and had of a span that has
    /// started, to pass on.
    public var traceContext: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }

    /// What the span that is to start has to have for its own, since others were told of it before: given to a tracer beside
    /// `traceContext`, of the same trace if there is one. Nil leaves it to the tracer. It is not for the spans below.
    public var presetTraceContext: TraceContext? {
        get { self[PresetTraceContextKey.self] }
        set { self[PresetTraceContextKey.self] = newValue }
    }
}
