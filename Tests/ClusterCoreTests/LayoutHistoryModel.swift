import Testing

@testable import ClusterCore

/// A small cluster that does what `LayoutHistory` asks, under a random schedule: nodes with disks, messages that are
/// late, lost, doubled and out of order, clients that write and read, operators that change the layout and declare
/// nodes lost that may be alive. It watches from outside what must hold whatever happens.
final class LayoutModel {
    struct Key: Hashable {
        var partition: Int
        var n: Int
        var r: Int
        var w: Int
    }

    /// A read or a write that a node coordinates.
    struct Operation {
        var key: Key
        /// nil for a read.
        var write: Int?
        var epoch: LayoutEpoch
        var sets: ReplicaSets
        var answered: Set<NodeID> = []
        var seen: Set<Int> = []
        /// The writes acknowledged before a read began.
        var expected: Set<Int> = []
    }

    enum Body {
        case gossip
        case write(operation: Int, key: Key, id: Int, epoch: LayoutEpoch)
        case stored(operation: Int)
        case read(operation: Int, key: Key, epoch: LayoutEpoch)
        case answer(operation: Int, Set<Int>)
        case refused(operation: Int)
        case copy(partition: Int, task: String)
        case copied(partition: Int, task: String, [Key: Set<Int>])
    }

    struct Message {
        var from: NodeID
        var to: NodeID
        /// What the receiver has merged before it handles the body; nil with replies that need none.
        var history: LayoutHistory?
        var body: Body
    }

    struct Node {
        let member: Member
        /// nil on an empty disk.
        var history: LayoutHistory?
        var store: [Key: Set<Int>] = [:]
        var isUp = true
        /// Nothing reaches it or leaves it, but it is alive.
        var isCutOff = false
        /// A node with an empty disk: what it has heard so far, and from whom.
        var heard: (history: LayoutHistory, from: Set<NodeID>)?
        var operations: [Int: Operation] = [:]
        /// The partitions and sources copied for each duty.
        var copied: [String: Set<String>] = [:]
    }

    let seed: UInt64
    var random: LayoutRandom
    let keys: [Key]
    /// Whether members are declared lost, or lose their disk, now and then: one at a time.
    let hasLosses: Bool
    var nodes: [NodeID: Node] = [:]
    var order: [NodeID] = []
    var network: [Message] = []
    /// Requests that hang somewhere for long: those that a change of layout must be safe from.
    var late: [Message] = []
    var acknowledged: [Key: Set<Int>] = [:]
    var watch: LayoutWatch
    private var lastNumber = 0
    /// Histories met on the way, for tests of their own.
    var samples: [LayoutHistory] = []

    init(seed: UInt64) throws {
        self.seed = seed
        random = LayoutRandom(seed: seed)
        hasLosses = random.below(3) > 0
        let quorums = hasLosses ? [(3, 2, 2)] : [(3, 2, 2), (3, 3, 1), (3, 1, 3), (2, 1, 2), (1, 1, 1)]
        keys = (0..<4).flatMap { partition in
            quorums.map { Key(partition: partition, n: $0.0, r: $0.1, w: $0.2) }
        }
        let members = (0..<7).map { Member(name: "n\($0)", address: "", zone: "z\($0 % 3)") }
        let count = hasLosses ? 4 + random.below(2) : 1 + random.below(4)
        let first = try Layout.initial(members: Array(members.prefix(count)), partitionCount: 4)
        watch = LayoutWatch(seed: seed, first: first)
        for member in members {
            order.append(member.id)
            nodes[member.id] = Node(member: member, history: LayoutHistory(first))
        }
    }

    func number() -> Int {
        lastNumber += 1
        return lastNumber
    }

    func isReachable(_ id: NodeID) -> Bool { nodes[id]!.isUp && !nodes[id]!.isCutOff }

    // MARK: Histories

    /// What a node does when it has learned something: clears what it is to hold anew, stores, votes, deletes.
    func learn(_ id: NodeID, _ change: (inout LayoutHistory) -> Void) {
        guard var history = nodes[id]!.history else { return }
        let before = history
        change(&history)
        history.advance(as: id)
        guard history != before else { return }
        let held = history.partitions(heldBy: id)
        let gained = held.subtracting(before.partitions(heldBy: id))
        nodes[id]!.store = nodes[id]!.store.filter {
            held.contains($0.key.partition) && !gained.contains($0.key.partition)
        }
        nodes[id]!.history = history
        if random.below(20) == 0 { samples.append(history) }
        watch.observe(history)
        gossip(from: id)
    }

    func send(_ body: Body, from: NodeID, to: NodeID, withHistory: Bool = true) {
        let history = withHistory ? nodes[from]!.history : nil
        let message = Message(from: from, to: to, history: history, body: body)
        if case .write = body, random.below(4) == 0 { return late.append(message) }
        if case .read = body, random.below(4) == 0 { return late.append(message) }
        network.append(message)
    }

    // MARK: Steps

    func step() {
        let id = order[random.below(order.count)]
        switch random.below(100) {
        case 0..<55: deliverOne()
        case 55..<60: begin(at: id, isWrite: random.below(2) == 0)
        case 60..<65: gossip(from: id)
        case 65..<85: doDuties(of: id)
        case 85..<90: operate(at: id)
        case 90..<91: abandonSome(at: id)
        case 91..<93: deliverOneLate()
        case 93 where random.below(2) == 0: disturb(id)
        default: recover(id)
        }
    }

    private func deliverOne() {
        guard !network.isEmpty else { return }
        // Mostly what was sent of late; but a message may wait for long, and meet what it doesn't expect.
        let recent = random.below(4) > 0 ? min(network.count, 12) : network.count
        network.swapAt(network.count - 1 - random.below(recent), network.count - 1)
        let message = network[network.count - 1]
        let fate = random.below(30)
        if fate > 0 { network.removeLast() }
        if fate == 1 { return }
        guard isReachable(message.to), !nodes[message.from]!.isCutOff else { return }
        receive(message)
    }

    private func deliverOneLate() {
        guard !late.isEmpty else { return }
        network.append(late.remove(at: random.below(late.count)))
    }

    func gossip(from id: NodeID) {
        guard isReachable(id), nodes[id]!.history != nil else { return }
        send(.gossip, from: id, to: order[random.below(order.count)])
    }

    private func operate(at id: NodeID) {
        guard isReachable(id), nodes[id]!.history != nil else { return }
        let other = order[random.below(order.count)]
        let member = nodes[other]!.member
        let choice = random.below(12)
        let weight = Double(1 + random.below(3))
        learn(id) { history in
            switch choice {
            case 0, 1: try? history.stage(.join(member), by: id)
            case 2: try? history.stage(.leave(other), by: id)
            case 3: try? history.stage(.weight(other, weight), by: id)
            case 4:
                let members = history.current.members
                let leaving = members[self.random.below(members.count)]
                try? history.stage(.replace(leaving.id, with: member), by: id)
            case 5: _ = history.unstage(other, by: id)
            case 6: _ = history.resume(by: id)
            default:
                // With two members, one loss would be half of them, which only an operator can decide on.
                guard history.plannedMembers.count >= (self.hasLosses ? 3 : 1) else { return }
                _ = try? history.commit(by: id, expecting: history.current.version)
            }
        }
    }

    private func disturb(_ id: NodeID) {
        switch random.below(6) {
        case 0, 1: crash(id)
        case 2: nodes[id]!.isCutOff = true
        case 3 where hasLosses && mayLose(id):
            crash(id)
            nodes[id]!.history = nil
            nodes[id]!.store = [:]
            watch.wiped(id)
        default:
            let judge = order[random.below(order.count)]
            guard hasLosses, isReachable(judge), let history = nodes[judge]!.history else { return }
            // An operator gives up who keeps a change waiting, more often than others.
            let awaited = history.awaited
            let suspect = awaited.isEmpty ? id : awaited[random.below(awaited.count)]
            guard judge != suspect, mayLose(suspect) else { return }
            learn(judge) { _ = try? $0.declareLost(suspect) }
        }
    }

    /// Losses come one at a time: until all members know that the last one is back, or gone.
    private func mayLose(_ id: NodeID) -> Bool {
        order.allSatisfy { node in
            guard let history = nodes[node]!.history else { return node == id }
            return order.allSatisfy { $0 == id || !history.isLost($0) || !history.isConcerned($0) }
        }
    }

    private func crash(_ id: NodeID) {
        nodes[id]!.isUp = false
        nodes[id]!.operations = [:]
        nodes[id]!.copied = [:]
        nodes[id]!.heard = nil
    }

    func recover(_ id: NodeID) {
        nodes[id]!.isUp = true
        if random.below(2) == 0 { nodes[id]!.isCutOff = false }
    }
}

/// Seeded, so that a failure can be replayed.
struct LayoutRandom {
    private var source: SplitMix64

    init(seed: UInt64) { source = SplitMix64(seed: seed) }

    mutating func below(_ bound: Int) -> Int { source.next(below: bound) }
}
