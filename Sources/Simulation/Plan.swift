import ClusterCore
import Engine

/// What a simulation is made of. What isn't said here, the seed decides.
public struct Plan: Sendable {
    /// A kind of fault that the simulation may bring about.
    public enum Fault: String, CaseIterable, Sendable {
        /// A node stops in good order, or its process is killed, and starts again.
        case crash
        /// A machine loses its power, and with buffered commits its latest writes.
        case power
        /// Some nodes don't hear others: the cluster in two, one way only, or with one node between.
        case partition
        /// The nodes' paths are blocked one after the other, then freed one after the other.
        case clog
        /// Batches come twice, or out of order.
        case disorder
        /// Disks are full, or slow.
        case disk
        /// Wall clocks jump.
        case clock
        /// A disk is replaced by an empty one.
        case wipe
        /// A node's data is replaced by an earlier copy of it.
        case oldCopy
        /// An operator changes the layout: nodes join, leave, are replaced, or get another weight.
        case layout
    }

    public var nodes = 5
    /// Nodes that run and are no members at first.
    public var spares = 2
    public var faults = Set(Fault.allCases)
    /// How long clients work while faults happen, in simulated seconds.
    public var seconds: UInt64 = 30
    public var clients = 8
    /// Keys of plain values.
    public var keys = 12
    /// Keys after those: counters, sets and maps.
    public var dataKeys = 9
    var allKeys: Int { keys + dataKeys }
    /// How many of them are written for a short time only, one after the other, and only read from then on: what is deleted
    /// of the others is soon replaced, and seldom reaped while anything happens.
    var passingKeys: Int { keys / 2 }

    // Drawn from the seed.
    var durability = Durability.buffered
    var readFanout = ReadFanout.all
    var loops = 2
    /// How much each node keeps for others.
    var hintLimits = HintLedger.Limits()
    var refusesWhenFull = false
    /// Milliseconds from one comparison of two replicas to the next.
    var comparisonInterval: UInt64 = 4_000
    /// Whether keys are read after their time; if not, a replica that lacks something of them lacks it for long.
    var readsWhatPassed = true
    /// How many of the clients' writes are deletes, and how many of the others expire.
    var deletes = 0.2
    var expiring = 0.1

    public init() {}

    /// Whether all that is deleted or expired must be reaped in the end. Where an actor is given up, a commit fails or clocks
    /// jump, something may be left that no replica can vouch for.
    var reapsAll: Bool { faults.isSubset(of: [.crash, .partition, .clog, .disorder]) }

    /// Whether replicas are compared so rarely that most differences are there until somebody reads.
    var leavesRepairToReads: Bool { comparisonInterval >= 120_000 }

    /// The passing keys whose time has begun, the present one last.
    func passed(at now: UInt64) -> Range<Int> {
        let begun = Int(now * UInt64(passingKeys) / (seconds * 1_000_000_000)) + 1
        return keys - passingKeys..<min(keys - passingKeys + begun, keys)
    }

    /// This plan with what the seed decides.
    func drawn(_ random: inout SplitMix64) -> Plan {
        var plan = self
        plan.durability = random.next(below: 2) == 0 ? .buffered : .synced
        plan.readFanout = random.next(below: 2) == 0 ? .all : .quorum
        plan.loops = 1 + random.next(below: 3)
        // Few hints, so that the limits are met.
        if random.next(below: 4) == 0 { plan.hintLimits.maxCountPerTarget = 2 }
        if random.next(below: 4) == 0 { plan.hintLimits.maxBytesPerTarget = 300 }
        if random.next(below: 3) == 0 { (plan.deletes, plan.expiring) = (0.5, 0.5) }
        plan.refusesWhenFull = random.next(below: 2) == 0
        // Long enough to leave something to what else brings replicas to agree.
        switch random.next(below: 12) {
        case 0...1:
            // Nothing else: no comparison before all is read, and hardly a hint.
            plan.comparisonInterval = 120_000
            plan.hintLimits.maxCountPerTarget = 1
            plan.refusesWhenFull = false
            plan.readsWhatPassed = false
        case 2...4: plan.comparisonInterval = 12_000
        default: break
        }
        return plan
    }
}
