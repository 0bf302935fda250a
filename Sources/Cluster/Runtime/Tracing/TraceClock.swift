import NIOCore
import Tracing

/// Tells by the wall clock what a loop's clock has shown. Both are read once, so that times of one node keep their order and
/// distances whatever becomes of the wall clock meanwhile.
struct TraceClock: Sendable {
    private let wallNanoseconds: UInt64
    private let time: NIODeadline

    /// - Parameters:
    ///   - wallNanoseconds: Now, since 1970.
    ///   - time: Now.
    init(wallNanoseconds: UInt64, time: NIODeadline) {
        self.wallNanoseconds = wallNanoseconds
        self.time = time
    }

    func instant(_ time: NIODeadline) -> DefaultTracerClock.Timestamp {
        let nanoseconds = Int64(clamping: wallNanoseconds) + (time - self.time).nanoseconds
        return DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: UInt64(clamping: nanoseconds))
    }
}
