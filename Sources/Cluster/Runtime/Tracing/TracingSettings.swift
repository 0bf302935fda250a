public import NIOCore

/// Which requests are recorded as traces, by a node that has a tracer, and when their spans are made.
public struct TracingSettings: Equatable, Sendable {
    /// Of the requests whose clients say nothing of it, the part that is picked by chance; from 0 to 1.
    public var sampleRatio: Double
    /// Of the requests that are picked, by chance or by their clients, so many in a second; the others are not recorded. As
    /// many again may be recorded after the fact, since they were slow or have failed.
    public var maxPerSecond: Int
    /// Spans are made some time after the work that they tell of. So many may wait for that; more are dropped.
    public var maxQueuedSpans: Int
    /// As soon as so many wait they are made, all together.
    public var batchSpans: Int
    /// How long one waits, at most, for so many.
    public var batchTime: TimeAmount

    public init(
        sampleRatio: Double = 0.01, maxPerSecond: Int = 1_000, maxQueuedSpans: Int = 8_192,
        batchSpans: Int = 512, batchTime: TimeAmount = .seconds(1)
    ) {
        self.sampleRatio = sampleRatio
        self.maxPerSecond = maxPerSecond
        self.maxQueuedSpans = maxQueuedSpans
        self.batchSpans = batchSpans
        self.batchTime = batchTime
    }
}
