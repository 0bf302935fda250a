import NIOCore

/// Which requests are told in the log, since they took long.
public struct SlowRequestSettings: Equatable, Sendable {
    /// From when it was submitted until it was answered; requests that took at least as long are told.
    public var threshold: TimeAmount
    /// Lines in a second; of more, the number is told.
    public var maxPerSecond: Int

    public init(threshold: TimeAmount, maxPerSecond: Int) {
        self.threshold = threshold
        self.maxPerSecond = maxPerSecond
    }
}
