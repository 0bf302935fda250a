/// Which requests are recorded as traces, by a node that has a tracer.
public struct TracingSettings: Equatable, Sendable {
    /// Of the requests whose clients say nothing of it, the part that is picked by chance; from 0 to 1.
    public var sampleRatio: Double
    /// Of the requests that are picked, by chance or by their clients, so many in a second; the others are not recorded. As
    /// many again may be recorded after the fact, since they were slow or have failed.
    public var maxPerSecond: Int

    public init(sampleRatio: Double = 0.01, maxPerSecond: Int = 1_000) {
        self.sampleRatio = sampleRatio
        self.maxPerSecond = maxPerSecond
    }
}
