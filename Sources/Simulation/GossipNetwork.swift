import ClusterCore
import HeapModule

/// Many nodes' gossip in simulated time, without the nodes: `Swim` values, and a network that loses and delays.
struct GossipNetwork {
    private enum Event {
        case start
        case wake
        case deliver([UInt8], from: NodeID)
    }

    private struct Entry: Comparable {
        var time: UInt64
        /// What is due at the same time happens in the order in which it was scheduled.
        var sequence: UInt64
        var node: Int
        /// The start of the node that a wake is for.
        var instance: UInt64
        var event: Event

        static func < (a: Entry, b: Entry) -> Bool { (a.time, a.sequence) < (b.time, b.sequence) }
        static func == (a: Entry, b: Entry) -> Bool { a.sequence == b.sequence }
    }

    private struct Node {
        var swim: Swim
        var isUp = true
    }

    /// A node's life or death that the others are to notice.
    struct Watch {
        var id: NodeID
        var instance: UInt64
        /// Whether they are to find it dead, or alive.
        var isDead: Bool
        fileprivate var noticed: Set<Int> = []

        init(of record: MemberRecord, isDead: Bool) {
            (id, instance, self.isDead) = (record.id, record.instance, isDead)
        }

        fileprivate mutating func see(_ record: MemberRecord, by node: Int) {
            guard record.id == id else { return }
            let isNoticed = record.instance == instance && record.liveness.isPresent != isDead
            if isNoticed { noticed.insert(node) } else { noticed.remove(node) }
        }
    }

    /// Bytes and messages handed to the network since `resetTraffic`.
    struct Traffic {
        var bytes = 0
        var messages = 0
        /// Of the bytes, those of pages.
        var pageBytes = 0
    }

    let plan: GossipPlan
    /// Milliseconds since the simulation began.
    private(set) var now: UInt64 = 0
    private(set) var traffic = Traffic()
    /// How often a node took another, which was up, for dead.
    private(set) var falseDeaths = 0
    /// Pairs of a node and another that it takes for present.
    private(set) var knownPairs = 0
    /// Of all that was sent.
    private(set) var digest: UInt64 = 0
    private(set) var watch: Watch?
    /// Nodes below this number and the others don't hear each other.
    var cut: Int?
    var random: SplitMix64
    private var nodes: [Node] = []
    private var indices: [NodeID: Int] = [:]
    private var events = Heap<Entry>()
    private var nextSequence: UInt64 = 0
    private var actions: [Swim.Action] = []

    /// All nodes, which start within the first period and know the first three.
    init(_ plan: GossipPlan, seed: UInt64) {
        self.plan = plan
        random = SplitMix64(seed: seed)
        for index in 0..<plan.nodes {
            nodes.append(Node(swim: newSwim(index)))
            indices[nodes[index].swim.own.id] = index
        }
        for index in nodes.indices {
            let delay = UInt64(random.next(below: Int(plan.settings.periodMillis)))
            schedule(.start, for: index, at: now + delay)
        }
    }

    func record(of node: Int) -> MemberRecord { nodes[node].swim.own }
    func members(knownTo node: Int) -> [MemberRecord] { nodes[node].swim.members }

    mutating func resetTraffic() { traffic = Traffic() }

    mutating func crash(_ node: Int) {
        nodes[node].isUp = false
        watch = Watch(of: nodes[node].swim.own, isDead: true)
    }

    mutating func restart(_ node: Int) {
        nodes[node] = Node(swim: newSwim(node))
        watch = Watch(of: nodes[node].swim.own, isDead: false)
        schedule(.start, for: node, at: now)
    }

    /// Whether all other nodes have noticed what is watched.
    var isNoticed: Bool { watch?.noticed.count == nodes.count - 1 }
    var isComplete: Bool { knownPairs == nodes.count * (nodes.count - 1) }

    /// Lets so many periods pass, or fewer if `condition` holds before.
    ///
    /// - Returns: How many have passed.
    @discardableResult
    mutating func run(periods: Double, or condition: (borrowing GossipNetwork) -> Bool = { _ in false })
        -> Double
    {
        let start = now
        let period = Double(plan.settings.periodMillis)
        let end = start + UInt64(periods * period)
        while !condition(self) {
            guard let next = events.min, next.time <= end else {
                now = end
                break
            }
            events.removeMin()
            now = next.time
            perform(next)
        }
        return Double(now - start) / period
    }

    private mutating func perform(_ entry: Entry) {
        let index = entry.node
        guard nodes[index].isUp else { return }
        actions.removeAll(keepingCapacity: true)
        switch entry.event {
        case .start:
            let seeds = (0..<min(3, nodes.count)).map { seed in
                Swim.Seed(id: nodes[seed].swim.own.id, address: nodes[seed].swim.own.address)
            }
            nodes[index].swim.start(seeds: seeds, now: now, &actions)
        case .wake:
            guard nodes[index].swim.own.instance == entry.instance else { return }
            nodes[index].swim.tick(now: now, &actions)
        case .deliver(let bytes, let sender):
            do {
                try nodes[index].swim.received(bytes, from: sender, now: now, wallMillis: now, &actions)
            } catch {
                preconditionFailure("a node has sent what can't be read: \(error)")
            }
        }
        for action in actions { perform(action, of: index) }
    }

    private mutating func perform(_ action: Swim.Action, of index: Int) {
        switch action {
        case .send(let bytes, let target, let address):
            send(bytes, from: index, to: target, at: address)
        case .wake(let time): schedule(.wake, for: index, at: time)
        case .changed(let record, let previous): note(record, previous, by: index)
        case .forgotten, .departed: break
        case .conflict(let other, _): preconditionFailure("\(other.name) is not there twice")
        }
    }

    private mutating func send(_ bytes: [UInt8], from index: Int, to target: NodeID, at address: String) {
        traffic.bytes += bytes.count
        traffic.messages += 1
        if GossipPlan.isPage(bytes) { traffic.pageBytes += bytes.count }
        digest = (digest &+ now) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count) ^ target.rawValue
        guard let receiver = indices[target], nodes[receiver].swim.own.address == address else { return }
        if let cut, (index < cut) != (receiver < cut) { return }
        guard Double(random.next() >> 11) / Double(UInt64(1) << 53) >= plan.loss else { return }
        let range = plan.delayMillis
        let delay = range.lowerBound + UInt64(random.next(below: range.count))
        schedule(.deliver(bytes, from: nodes[index].swim.own.id), for: receiver, at: now + delay)
    }

    private mutating func note(_ record: MemberRecord, _ previous: MemberRecord?, by index: Int) {
        let was = previous?.liveness.isPresent ?? false
        let isPresent = record.liveness.isPresent
        if was != isPresent { knownPairs += isPresent ? 1 : -1 }
        watch?.see(record, by: index)
        guard record.liveness == .down, let subject = indices[record.id] else { return }
        if nodes[subject].isUp, nodes[subject].swim.own.instance == record.instance { falseDeaths += 1 }
    }

    private mutating func schedule(_ event: Event, for node: Int, at time: UInt64) {
        let instance = nodes[node].swim.own.instance
        events.insert(
            Entry(time: max(now, time), sequence: nextSequence, node: node, instance: instance, event: event))
        nextSequence += 1
    }

    private mutating func newSwim(_ index: Int) -> Swim {
        let number = String(index)
        let name = "node-" + String(repeating: "0", count: 4 - min(4, number.count)) + number
        let own = MemberRecord(
            name: name, address: "10.0.\(index / 250).\(index % 250):7400", zone: "zone-\(index % 3)",
            engine: "rocksdb", version: "0.1.0", instance: random.next(), disk: UInt64(index) + 1,
            incarnation: 1_750_000_000_000 + now)
        return Swim(own: own, settings: plan.settings, seed: random.next())
    }
}
