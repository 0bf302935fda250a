import Cluster
import ClusterCore
import Engine

/// Brings about the plan's faults, and takes them back.
///
/// What loses data of a replica for good (a new disk, an old copy, a power loss with buffered commits) comes to one replica
/// at a time, when nothing else is wrong, and all replicas agree again before the next: an acknowledged write is on two,
/// and no store keeps what every replica has lost.
final class Nemesis {
    private let world: World
    private let faults: [Plan.Fault]
    private var isOver = false
    /// A replica has lost data and the others are being brought up to date.
    private var isRepairing = false
    /// An earlier state of each disk.
    private var copies: [String: MemoryImage] = [:]

    private var scheduler: Scheduler { world.scheduler }

    init(_ world: World) {
        self.world = world
        // In an order of its own: that of a set differs between runs.
        faults = Plan.Fault.allCases.filter(world.plan.faults.contains)
    }

    func start() { pause() }

    /// Ends all faults; nodes that are down start.
    func stop() {
        isOver = true
        heal()
        for node in world.nodes { node.start() }
    }

    private func pause() {
        scheduler.after(scheduler.delay(micros: 200_000...4_000_000)) { [self] in
            if isOver { return }
            if !isRepairing, !faults.isEmpty { strike(faults[scheduler.number(below: faults.count)]) }
            pause()
        }
    }

    private func heal() {
        world.network.unblockAll()
        world.network.disorder = .init()
        for node in world.nodes {
            node.disk.isFull = false
            node.disk.slowness = 1
        }
    }

    private func anyNode() -> SimulatedNode { world.nodes[scheduler.number(below: world.nodes.count)] }

    private func strike(_ fault: Plan.Fault) {
        switch fault {
        case .crash: crash(anyNode(), scheduler.happens(0.3) ? .stopped : .killed)
        case .power:
            if world.plan.durability == .synced {
                crash(anyNode(), .powerLost)
            } else {
                lose(.powerLost) { _ in }
            }
        case .partition: partition()
        case .clog: clog()
        case .disorder: disorder()
        case .disk: sicken(anyNode().disk)
        case .clock: jump(anyNode())
        case .wipe: lose(.killed) { $0.disk.wipe() }
        case .oldCopy: useOldCopy()
        case .layout: changeLayout()
        }
    }

    // MARK: Nodes

    private func crash(_ node: SimulatedNode, _ ending: Ending) {
        node.end(ending)
        scheduler.after(scheduler.delay(micros: 50_000...8_000_000)) { node.start() }
    }

    /// Ends one node, does to its disk what `change` says, starts it, and has all replicas brought up to date.
    private func lose(_ ending: Ending, _ change: @escaping (SimulatedNode) -> Void) {
        isRepairing = true
        heal()
        for node in world.nodes { node.start() }
        world.repair { [self] in
            if isOver { return }
            let node = anyNode()
            world.history.replicaLostData(at: scheduler.now)
            node.end(ending)
            change(node)
            world.trace("! \(node.name) has lost data")
            scheduler.after(scheduler.delay(micros: 50_000...2_000_000)) { [self] in
                node.start()
                world.repair { [self] in isRepairing = false }
            }
        }
    }

    private func useOldCopy() {
        let name = anyNode().name
        guard let copy = copies[name] else {
            for node in world.nodes { copies[node.name] = node.disk.image }
            return
        }
        lose(.killed) { [self] node in
            // The copy is of this node, or of none.
            if node.name == name { node.disk.restore(copy) } else { node.disk.wipe() }
            copies[name] = nil
        }
    }

    // MARK: The network

    private func partition() {
        var sides = world.nodes.map(\.id)
        scheduler.random.shuffle(&sides)
        let cut = 1 + scheduler.number(below: max(1, sides.count - 1))
        let isOneWay = scheduler.happens(0.3)
        // One node between the two that both sides hear.
        let bridge = scheduler.happens(0.3) ? sides.last : nil
        world.trace(
            "! partition of \(cut)\(isOneWay ? ", one way" : "")\(bridge == nil ? "" : ", with a bridge")")
        for a in sides[..<cut] {
            for b in sides[cut...] where a != bridge && b != bridge {
                let path = SimulatedNetwork.Path(from: a, to: b)
                world.network.block(path)
                if !isOneWay { world.network.block(path.reversed) }
            }
        }
        scheduler.after(scheduler.delay(micros: 300_000...10_000_000)) { [self] in
            world.trace("! the partition ends")
            world.network.unblockAll()
        }
    }

    /// Blocks node after node, then frees them in another order (the "swizzle" of FoundationDB's simulator; Zhou et al.,
    /// "FoundationDB", SIGMOD 2021, section 4).
    private func clog() {
        var order = world.nodes.map(\.id)
        scheduler.random.shuffle(&order)
        world.trace("! the network clogs")
        var delay: UInt64 = 0
        for id in order {
            delay += scheduler.delay(micros: 10_000...1_000_000)
            scheduler.after(delay) { [self] in if !isOver { setBlocked(id, true) } }
        }
        scheduler.random.shuffle(&order)
        for id in order {
            delay += scheduler.delay(micros: 10_000...1_000_000)
            scheduler.after(delay) { [self] in setBlocked(id, false) }
        }
    }

    private func setBlocked(_ id: NodeID, _ blocked: Bool) {
        for other in world.nodes where other.id != id {
            let path = SimulatedNetwork.Path(from: id, to: other.id)
            for way in [path, path.reversed] {
                if blocked { world.network.block(way) } else { world.network.unblock(way) }
            }
        }
    }

    private func disorder() {
        world.trace("! batches come twice, or out of order")
        world.network.disorder = .init(duplication: 0.1, reordering: 0.2)
        scheduler.after(scheduler.delay(micros: 500_000...5_000_000)) { [self] in
            world.network.disorder = .init()
        }
    }

    // MARK: Layouts

    /// An operator, or two that know nothing of each other, at any node.
    private func changeLayout() {
        for _ in 0...(scheduler.happens(0.3) ? 1 : 0) {
            // Mostly where there is a vote to give.
            let members = world.currentLayout.members.map(\.id)
            let onlyMembers = scheduler.happens(0.9)
            let up = world.nodes.filter { $0.isUp && (!onlyMembers || members.contains($0.id)) }
            guard let node = up.isEmpty ? nil : up[scheduler.number(below: up.count)],
                let change = anyChange(at: node)
            else { return }
            world.trace("! at \(node.name): \(change.words)")
            node.commit(change.change)
        }
    }

    private func anyChange(at node: SimulatedNode) -> (change: RoleChange, words: String)? {
        guard let members = node.node?.layouts.latest.members else { return nil }
        let outside = world.nodes.indices.filter { number in
            !members.contains { $0.id == world.nodes[number].id }
        }
        let member = members[scheduler.number(below: members.count)]
        let newcomer = outside.isEmpty ? nil : World.member(outside[scheduler.number(below: outside.count)])
        switch (scheduler.number(below: 4), newcomer) {
        case (0, let newcomer?): return (.join(newcomer), "\(newcomer.name) joins")
        case (1, _) where members.count > world.layout.replicationFactor:
            return (.leave(member.id), "\(member.name) leaves")
        case (2, let newcomer?):
            return (.replace(member.id, with: newcomer), "\(newcomer.name) replaces \(member.name)")
        default:
            let weight = Double(1 + scheduler.number(below: 3))
            return (.weight(member.id, weight), "\(member.name) weighs \(weight)")
        }
    }

    // MARK: Disks and clocks

    private func sicken(_ disk: SimulatedDisk) {
        let isFull = scheduler.happens(0.5)
        world.trace("! a disk is \(isFull ? "full" : "slow")")
        if isFull { disk.isFull = true } else { disk.slowness = 100 }
        scheduler.after(scheduler.delay(micros: 500_000...5_000_000)) {
            disk.isFull = false
            disk.slowness = 1
        }
    }

    /// How far a clock may be off, in milliseconds: 30 s, an hour, ten years.
    private static let clockJumps = [30_000, 3_600_000, 315_360_000_000]

    private func jump(_ node: SimulatedNode) {
        let most = Self.clockJumps[scheduler.number(below: Self.clockJumps.count)]
        node.clockOffset = Int64(scheduler.number(below: 2 * most + 1)) - Int64(most)
        world.trace("! \(node.name)'s clock is \(node.clockOffset) ms off")
    }
}
