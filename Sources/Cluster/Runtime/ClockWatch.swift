import ClusterCore
import Logging
import NIOCore
import Synchronization

/// Tells of timestamps of other nodes that are further ahead of this node's wall clock than clocks may differ: either clock is
/// wrong. Any thread.
final class ClockWatch: Sendable {
    private struct State {
        var refused = 0
        var furthestMillis: UInt64 = 0
        var untold = 0
        var toldAt: NIODeadline?
    }

    /// How long what goes on is not told again.
    private static let interval = TimeAmount.minutes(1)

    private let state = Mutex(State())
    private let logger: Logger
    private let now: @Sendable () -> NIODeadline

    init(logger: Logger, now: @escaping @Sendable () -> NIODeadline) {
        self.logger = logger
        self.now = now
    }

    /// Timestamps that were not followed, and how far the furthest of them was ahead, in milliseconds.
    var refused: (count: Int, furthestMillis: UInt64) {
        state.withLock { ($0.refused, $0.furthestMillis) }
    }

    func refused(_ sibling: Sibling, wallMillis: UInt64) {
        let ahead = sibling.timestamp.milliseconds - min(sibling.timestamp.milliseconds, wallMillis)
        let count = state.withLock { state -> Int? in
            state.refused += 1
            state.furthestMillis = max(state.furthestMillis, ahead)
            state.untold += 1
            let time = now()
            if let toldAt = state.toldAt, time - toldAt < Self.interval { return nil }
            state.toldAt = time
            defer { state.untold = 0 }
            return state.untold
        }
        guard let count else { return }
        logger.warning(
            "a write is stamped further ahead of this node's clock than cluster.max_clock_drift_ms: its coordinator's clock was wrong, or this node's is",
            metadata: [
                "ahead_ms": "\(ahead)", "actor": "\(String(sibling.dot.actor, radix: 16))",
                "times": "\(count)",
            ])
    }
}
