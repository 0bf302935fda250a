import ClusterCore
import Engine

/// Gives each write that this node coordinates its dot and its timestamp.
///
/// Used on the engine's writer thread only, which is what makes the counters of one key increase in the order of its
/// commits. Counters are reserved in blocks: the block's end is committed with the first write that uses the block,
/// so after any stop the next run begins behind every counter that may have been issued.
final class DotIssuer: @unchecked Sendable {
    // @unchecked: every member but the constants is touched only by EngineWriteJobs, whose calls the executor makes
    // on its one writer thread, one after the other.

    private static let block: UInt64 = 1 << 20

    let actor: UInt64
    private let environment: Environment
    /// The last one issued; none greater is.
    private(set) var counter: UInt64
    private var reserved: UInt64
    private var clock: HybridClock
    private let watch: ClockWatch

    init(state: NodeState, environment: Environment, maxClockDriftMillis: UInt64, watch: ClockWatch) {
        actor = state.actor
        counter = state.reservedCounter
        reserved = state.reservedCounter
        self.environment = environment
        clock = HybridClock(maxDriftMillis: maxClockDriftMillis)
        self.watch = watch
    }

    /// The next dot, with a counter above `floor`, which is what the key's own history has of this actor.
    ///
    /// Whoever forges a context can name any counter there. So a floor above the node's counter counts for this one key,
    /// whose stored context then keeps it; the node's counter goes on as if nothing had been.
    func next(above floor: UInt64, in stage: inout WriteStage) throws(EngineError) -> Dot {
        guard floor < .max else {
            throw EngineError(.invalidArgument, "the context names the last counter that there can be")
        }
        if counter == reserved {
            var writer = ByteWriter()
            writer.u64(reserved + Self.block)
            try stage.put(.meta, NodeState.Key.counter, writer.bytes)
            reserved += Self.block
        }
        counter += 1
        return Dot(actor: actor, counter: max(counter, floor + 1))
    }

    /// A commit failed: what it would have reserved is not.
    func commitFailed() { reserved = counter }

    func timestamp() -> Timestamp { clock.now(wallMillis: environment.wallMillis()) }

    /// Follows the timestamps of other nodes' writes, so that a later write here is later by the clock too.
    func observe(_ versions: Versions) {
        let wall = environment.wallMillis()
        for sibling in versions.siblings where !clock.observe(sibling.timestamp, wallMillis: wall) {
            watch.refused(sibling, wallMillis: wall)
        }
    }

    /// Milliseconds since 1970.
    var wallMillis: UInt64 { environment.wallMillis() }
}
