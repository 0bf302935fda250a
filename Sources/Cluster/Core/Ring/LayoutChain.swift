/// A chain of moves through an assignment, found by searching from an empty slot or from a member with too many.
///
/// The search prefers chains that give up only slots that moved already, for those copy no more data. Each step
/// beyond that, from a slot that its holder had before the change, is one replica copied in excess; chains with fewer
/// of them come first.
///
/// A member is reached once, by the first slot that admits it. That keeps the moves of a chain independent: had two of
/// them, both into zones new to it, met in one partition, the later member would have been reached by the earlier slot.
struct LayoutChain {
    /// The slots to hand over, and to whom.
    private(set) var moves: [(slot: Int, member: Int32)] = []
    /// The members not reached yet, and the slot by which each other was; -1 for none.
    private var unreached: [Int32]
    private var slotTo: [Int]
    /// Members reached whose moved slots are still to be searched, and those whose other slots are, cheapest first.
    private var free: [Int32] = []
    private var costly: [Int32] = []
    /// The first member reached that lacks a replica, and the first that may at least take one more.
    private var found: Int32?
    private var fallback: Int32?

    /// A chain for a slot that is empty.
    static func from(slot: Int, in assignment: LayoutAssignment) -> LayoutChain? {
        var chain = LayoutChain(memberCount: assignment.zones.count)
        chain.reach(from: slot, assignment)
        chain.search(assignment, atAnyCost: true)
        chain.trace(assignment)
        return chain
    }

    /// A chain for a member over its target; nil if it is within the tolerance and had better stay there.
    static func from(member: Int, in assignment: LayoutAssignment) -> LayoutChain? {
        var chain = LayoutChain(memberCount: assignment.zones.count)
        chain.unreached.removeAll { $0 == Int32(member) }
        chain.free = [Int32(member)]
        chain.costly = [Int32(member)]
        chain.search(assignment, atAnyCost: -assignment.lacking[member] > assignment.tolerance[member])
        if chain.found == nil { return nil }
        chain.trace(assignment)
        return chain
    }

    private init(memberCount: Int) {
        unreached = Array(0..<Int32(memberCount))
        slotTo = [Int](repeating: -1, count: memberCount)
    }

    private mutating func search(_ assignment: LayoutAssignment, atAnyCost: Bool) {
        var nextFree = 0
        var nextCostly = 0
        while found == nil {
            if nextFree < free.count {
                expand(free[nextFree], moved: true, assignment)
                nextFree += 1
            } else if !atAnyCost {
                return
            } else if let fallback {
                found = fallback
            } else {
                precondition(nextCostly < costly.count, "the targets can be met, so there is a chain")
                expand(costly[nextCostly], moved: false, assignment)
                nextCostly += 1
            }
        }
    }

    /// Searches on from the slots of `member` that moved already, or from the others.
    private mutating func expand(_ member: Int32, moved: Bool, _ assignment: LayoutAssignment) {
        for slot in assignment.held[Int(member)] where found == nil && assignment.isMoved(Int(slot)) == moved
        {
            reach(from: Int(slot), assignment)
        }
    }

    /// Reaches the members that may take `slot`, up to the first that lacks a replica.
    private mutating func reach(from slot: Int, _ assignment: LayoutAssignment) {
        var index = 0
        while index < unreached.count {
            let member = unreached[index]
            guard assignment.admits(member, to: slot) else {
                index += 1
                continue
            }
            unreached.swapAt(index, unreached.count - 1)
            unreached.removeLast()
            slotTo[Int(member)] = slot
            let lacking = assignment.lacking[Int(member)]
            if lacking > 0 {
                found = member
                return
            }
            if fallback == nil, -lacking < assignment.tolerance[Int(member)] { fallback = member }
            free.append(member)
            costly.append(member)
        }
    }

    /// Collects the moves, from the end of the chain back to its source.
    private mutating func trace(_ assignment: LayoutAssignment) {
        var member = found
        while let taker = member, slotTo[Int(taker)] >= 0 {
            let slot = slotTo[Int(taker)]
            moves.append((slot, taker))
            let giver = assignment.table[slot]
            member = giver >= 0 ? giver : nil
        }
    }
}
