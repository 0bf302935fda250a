import ClusterCore
import NIOCore

/// The clock by which this node's hints age: the wall's time when the run began, and what has passed since. Any thread.
struct HintClock: Sendable {
    let ages: HintAge
    private let elapsed: @Sendable () -> TimeAmount

    /// - Parameters:
    ///   - wallMillis: Now, in milliseconds since 1970.
    ///   - elapsed: Since now, by a clock that does not jump.
    init(wallMillis: UInt64, elapsed: @escaping @Sendable () -> TimeAmount) {
        ages = HintAge(runBegan: wallMillis)
        self.elapsed = elapsed
    }

    var millis: UInt64 { ages.runBegan + UInt64(max(0, elapsed().nanoseconds)) / 1_000_000 }
}
