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
    /// A million writes a second take 290,000 years to get here.
    private static let maxCounter: UInt64 = 1 << 63

    let actor: UInt64
    private let environment: Environment
    private var counter: UInt64
    private var reserved: UInt64
    private var clock: HybridClock

    init(state: NodeState, environment: Environment, maxClockDriftMillis: UInt64) {
        actor = state.actor
        counter = state.reservedCounter
        reserved = state.reservedCounter
        self.environment = environment
        clock = HybridClock(maxDriftMillis: maxClockDriftMillis)
    }

    /// Makes sure that `count` dots above `floor` are reserved by what `stage` commits.
    func reserve(_ count: Int, above floor: UInt64, in stage: inout WriteStage) throws(EngineError) {
        guard floor < Self.maxCounter else {
            throw EngineError(.invalidArgument, "the context names a counter that no node has issued")
        }
        let needed = max(counter, floor) + UInt64(count)
        if needed > reserved {
            var writer = ByteWriter()
            writer.u64(needed + Self.block)
            try stage.put(.meta, NodeState.Key.counter, writer.bytes)
            reserved = needed + Self.block
        }
        counter = max(counter, floor)
    }

    /// A commit failed: what it would have reserved is not.
    func commitFailed() { reserved = counter }

    /// The next dot. It must have been reserved.
    func next() -> Dot {
        assert(counter < reserved)
        counter += 1
        return Dot(actor: actor, counter: counter)
    }

    func timestamp() -> Timestamp { clock.now(wallMillis: environment.wallMillis()) }

    /// Follows the timestamps of other nodes' writes, so that a later write here is later by the clock too.
    func observe(_ versions: Versions) {
        let wall = environment.wallMillis()
        for sibling in versions.siblings { _ = clock.observe(sibling.timestamp, wallMillis: wall) }
    }

    /// Milliseconds since 1970.
    var wallMillis: UInt64 { environment.wallMillis() }
}
