/// A member under suspicion: who accuses it, since when, and until when it can refute (Lifeguard's dynamic suspicion
/// timeout: Dadgar et al., "Lifeguard: local health awareness for more accurate failure detection", 2018).
struct Suspicion: Sendable {
    /// Ascending.
    private(set) var accusers: [NodeID]
    /// When this node heard of it.
    let since: UInt64

    init(accusers: [NodeID], since: UInt64) {
        self.accusers = accusers
        self.since = since
    }

    /// Takes in who else accuses it, up to `limit` in all.
    ///
    /// - Returns: Whether there is anyone new.
    mutating func confirm(_ others: [NodeID], limit: Int) -> Bool {
        var isNew = false
        for other in others where accusers.count < limit && !accusers.contains(other) {
            accusers.insert(other, at: accusers.firstIndex { $0 > other } ?? accusers.endIndex)
            isNew = true
        }
        return isNew
    }

    func deadline(_ settings: SwimSettings, members: Int) -> UInt64 {
        since + settings.suspicionMillis(members: members, confirmations: max(0, accusers.count - 1))
    }
}

/// How well this node keeps up itself: 0 is well (Lifeguard's local health multiplier).
///
/// A node that is slow to read its messages takes others for dead; so the worse its own probes fare, the longer it waits.
struct LocalHealth: Sendable {
    private(set) var score = 0
    private let worst: Int

    init(worst: Int) { self.worst = worst }

    mutating func add(_ points: Int) { score = min(worst, max(0, score + points)) }

    func scaled(_ millis: UInt64) -> UInt64 { millis * UInt64(score + 1) }
}

/// In which order the members are probed: all once in random order, then all again in another, so that the time until a
/// member is probed is bounded (SWIM, section 4.3).
struct ProbeOrder: Sendable {
    private(set) var members: [NodeID] = []
    private var next = 0

    /// A new member is probed at a random place in what is left of the round.
    mutating func insert(_ id: NodeID, _ random: inout SplitMix64) {
        let place = next + random.next(below: members.count - next + 1)
        members.insert(id, at: place)
    }

    mutating func remove(_ id: NodeID) {
        guard let index = members.firstIndex(of: id) else { return }
        members.remove(at: index)
        if index < next { next -= 1 }
    }

    mutating func pick(_ random: inout SplitMix64) -> NodeID? {
        if next == members.count {
            random.shuffle(&members)
            next = 0
        }
        guard next < members.count else { return nil }
        defer { next += 1 }
        return members[next]
    }

    /// Up to `count` different members, none of `excluded`.
    func sample(_ count: Int, excluding excluded: NodeID? = nil, _ random: inout SplitMix64) -> [NodeID] {
        var chosen: [NodeID] = []
        // Floyd's algorithm, over one more since one may be excluded.
        let wanted = min(count + 1, members.count)
        for bound in members.count - wanted..<members.count {
            let candidate = members[random.next(below: bound + 1)]
            chosen.append(chosen.contains(candidate) ? members[bound] : candidate)
        }
        chosen.removeAll { $0 == excluded }
        random.shuffle(&chosen)
        return Array(chosen.prefix(count))
    }
}
