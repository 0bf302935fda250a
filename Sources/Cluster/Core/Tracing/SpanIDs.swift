/// What spans and traces are told apart by: random numbers, since nobody hands them out. They keep no secret, so that a generator
/// does of which only the seed comes from outside; to ask the system for each took a tenth of what a span costs.
public struct SpanIDs: Sendable {
    private var random: SplitMix64

    public init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// Of the first span of a new trace, which is recorded.
    public mutating func root() -> TraceContext { Self.root(&random) }

    /// Of a new span of the same trace.
    public mutating func child(of parent: TraceContext) -> TraceContext {
        Self.context(parent.traceID, isSampled: parent.isSampled, &random)
    }

    /// Of a new span alone.
    public mutating func span() -> UInt64 { Self.number(&random) }

    static func root(_ random: inout some RandomNumberGenerator) -> TraceContext {
        while true {
            let traceID = TraceContext.TraceID(high: random.next(), low: random.next())
            if let traceID { return context(traceID, isSampled: true, &random) }
        }
    }

    private static func context(
        _ traceID: TraceContext.TraceID, isSampled: Bool, _ random: inout some RandomNumberGenerator
    ) -> TraceContext {
        TraceContext(traceID: traceID, nonzeroSpanID: number(&random), isSampled: isSampled)
    }

    /// 0 stands for no span.
    private static func number(_ random: inout some RandomNumberGenerator) -> UInt64 {
        while true {
            let number = random.next()
            if number != 0 { return number }
        }
    }
}
