import ClusterCore
import LogLimits
import Logging
import Synchronization

/// Tells of timestamps of other nodes that are further ahead of this node's wall clock than clocks may differ: either clock is
/// wrong. Any thread.
final class ClockWatch: Sendable {
    private let state = Mutex((count: 0, furthestMillis: UInt64(0)))
    private let logs: LimitedLogs

    init(_ logs: LimitedLogs) { self.logs = logs }

    /// Timestamps that were not followed, and how far the furthest of them was ahead, in milliseconds.
    var refused: (count: Int, furthestMillis: UInt64) { state.withLock { $0 } }

    func refused(_ sibling: Sibling, wallMillis: UInt64) {
        let ahead = sibling.timestamp.milliseconds - min(sibling.timestamp.milliseconds, wallMillis)
        state.withLock { state in
            state.count += 1
            state.furthestMillis = max(state.furthestMillis, ahead)
        }
        logs.log(
            .warning,
            "a write is stamped further ahead of this node's clock than cluster.max_clock_drift_ms: its coordinator's clock was wrong, or this node's is",
            metadata: ["ahead_ms": "\(ahead)", "actor": "\(String(sibling.dot.actor, radix: 16))"])
    }
}
