import NIOCore
import Tracing

/// Tells by the wall clock what a loop's clock has shown. Both are read once, so that times of one node keep their order and
/// distances whatever becomes of the wall clock meanwhile.
struct TraceClock: Sendable {
    /// What the wall clock was ahead, in nanoseconds.
    private let lead: Int64

    /// - Parameters:
    ///   - wallNanoseconds: Now, since 1970.
    ///   - time: Now.
    init(wallNanoseconds: UInt64, time: NIODeadline) {
        lead = Int64(clamping: wallNanoseconds) - Int64(clamping: time.uptimeNanoseconds)
    }

    func instant(_ time: NIODeadline) -> DefaultTracerClock.Timestamp {
        let nanoseconds = lead + Int64(clamping: time.uptimeNanoseconds)
        return DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: UInt64(clamping: nanoseconds))
    }
}
