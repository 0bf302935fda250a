/// Spans, which are made some time after the work that they tell of (`TracingSettings`).
extension ClusterNode {
    /// Makes the spans of all that has been recorded up to now, and returns when they are made: for before the end of the tracer, and
    /// for whoever wants to see them at once. Not on an event loop.
    public func makeSpans() { tracer?.makeSpans() }

    /// How many spans were not made, since the start, as there was no room for what they are made of.
    public var droppedSpans: Int { tracer?.dropped ?? 0 }
}
