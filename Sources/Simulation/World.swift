import Cluster
import ClusterCore
import Engine

/// All that there is in one simulation.
final class World: @unchecked Sendable {
    // @unchecked: a simulation runs on one thread.

    static let strictBucket = "strict"
    static let sloppyBucket = "sloppy"
    /// Of last-writer-wins.
    static let latestBucket = "latest"

    let plan: Plan
    let scheduler: Scheduler
    let trace: Trace
    let network: SimulatedNetwork
    /// The cluster's first.
    let layout: Layout
    private(set) var nodes: [SimulatedNode] = []
    private(set) var clients: [Client] = []
    private(set) lazy var dots = DotWatch { [unowned self] in violations.append($0) }
    private(set) lazy var news = NewsWatch(n: layout.replicationFactor) { [unowned self] in
        violations.append($0)
    }
    private(set) lazy var hints = HintWatch(self)
    private(set) lazy var history = History(isRepeated: { [unowned self] in dots.isRepeated($0) }) {
        [unowned self] in violations.append($0)
    }
    private(set) lazy var data = DataHistory { [unowned self] in violations.append($0) }
    /// What must not have happened, and did.
    var violations: [String] = []
    /// Keys that all their replicas were asked for, and gave.
    var keysRead: Set<Int> = []

    /// - Parameter adjust: Changes what the seed has decided.
    init(
        _ plan: Plan, seed: UInt64, print: ((String) -> Void)?, _ adjust: (inout Plan) -> Void = { _ in }
    ) throws {
        scheduler = Scheduler(seed: seed)
        var plan = plan.drawn(&scheduler.random)
        adjust(&plan)
        self.plan = plan
        trace = Trace(scheduler, print: print)
        network = SimulatedNetwork(scheduler, trace)
        let members = (0..<plan.nodes).map(Self.member)
        layout = try Layout.initial(
            members: members, partitionCount: 16, replicationFactor: min(3, plan.nodes))
        nodes = (0..<plan.nodes + plan.spares).map { SimulatedNode(name: "n\($0)", world: self) }
        clients = (0..<plan.clients).map { Client(name: "c\($0)", world: self) }
        let drawn = self.plan
        trace(
            "seed \(seed): \(drawn.nodes) nodes, \(drawn.durability) commits, reads ask \(drawn.readFanout), "
                + "\(drawn.loops) loops")
    }

    static func member(_ number: Int) -> Member {
        Member(name: "n\(number)", address: "n\(number):1", zone: "z\(number % 3)")
    }

    /// What the running nodes know of the layouts.
    private var histories: [LayoutHistory] { nodes.compactMap { $0.node?.layouts } }

    /// The layout that reads go by, as far as any running node knows.
    var currentLayout: Layout {
        let latest = histories.max { a, b in
            (a.current.version, a.stage.order) < (b.current.version, b.stage.order)
        }
        return latest?.current ?? layout
    }

    /// Whether all nodes run, know the same of the layouts, and no change is open.
    var hasOneLayout: Bool {
        let histories = histories
        return histories.count == nodes.count
            && histories.allSatisfy { $0.stage == .stable && $0 == histories[0] }
    }

    /// As usual, or what so few nodes allow.
    func properties(_ quorum: QuorumMode, _ policy: Versions.Policy = .siblings) -> BucketProperties {
        let n = layout.replicationFactor
        return BucketProperties(n: n, r: n / 2 + 1, w: n / 2 + 1, policy: policy, quorum: quorum)
    }

    /// Of the keys with plain values every third one is, and so is every third counter, set and map.
    func isSloppy(_ key: Int) -> Bool { bucket(ofKey: key) == Self.sloppyBucket }

    func properties(ofKey key: Int) -> BucketProperties {
        switch bucket(ofKey: key) {
        case Self.sloppyBucket: properties(.sloppy)
        case Self.latestBucket: properties(.strict, .lastWriteWins)
        default: properties(.strict)
        }
    }

    func bucket(ofKey key: Int) -> String {
        guard key >= plan.keys else { return key % 3 == 2 ? Self.sloppyBucket : Self.strictBucket }
        return [Self.strictBucket, Self.latestBucket, Self.sloppyBucket][(key - plan.keys) / 3 % 3]
    }

    /// Nil if the key holds plain values.
    func dataKind(ofKey key: Int) -> DataKind? {
        key < plan.keys ? nil : [DataKind.string, .set, .map][(key - plan.keys) % 3]
    }

    /// Tells the cluster of the buckets that are not as the others.
    func makeBuckets() {
        let buckets = [
            (Self.sloppyBucket, properties(.sloppy)),
            (Self.latestBucket, properties(.strict, .lastWriteWins)),
        ]
        for (name, properties) in buckets {
            nodes[0].node?.setProperties(properties, ofBucket: name) { [self] result in
                if case .failure(let error) = result { violations.append("\(name) is not made: \(error)") }
            }
        }
    }

    static func bytes(ofKey key: Int) -> [UInt8] { Array("k\(key)".utf8) }

    func storageKey(_ key: Int) -> StorageKey {
        StorageKey(
            bucket: bucket(ofKey: key), key: Self.bytes(ofKey: key),
            partitionCount: layout.partitionCount)
    }

    /// What a reply's context says it has seen.
    func vector(of context: [UInt8], key: Int) -> VersionVector {
        do throws(CodecError) {
            return try ContextToken.decode(context, for: storageKey(key)).vector
        } catch {
            violations.append("a reply's context of k\(key) cannot be decoded: \(error)")
            return VersionVector()
        }
    }

    // MARK: The state of the replicas

    /// What each replica of a key has on its disk.
    func states(ofKey key: Int) -> [Versions?] {
        let stored = storageKey(key)
        return currentLayout.replicas(ofPartition: stored.partition).map { id in
            guard let node = nodes.first(where: { $0.id == id }) else { return nil }
            do {
                return try node.disk.image.get(.data, stored.bytes).map(VersionsCodec.decode)
            } catch {
                violations.append("\(node.name) holds damage for k\(key): \(error)")
                return nil
            }
        }
    }

    /// What each replica of a key has seen of all keys of its kind, by its disk.
    func clocks(ofKey key: Int) -> [VersionVector] {
        let partition = storageKey(key).partition
        return currentLayout.replicas(ofPartition: partition).map { id in
            guard let node = nodes.first(where: { $0.id == id }) else { return VersionVector() }
            do {
                let clock = try node.disk.image.partitionClock(partition)
                return clock?[properties(ofKey: key).n] ?? VersionVector()
            } catch {
                violations.append("\(node.name) holds damage for its clocks: \(error)")
                return VersionVector()
            }
        }
    }

    /// Keys that lie on a node that does not hold their partition.
    var leftovers: [String] {
        nodes.flatMap { node in
            let held = currentLayout.partitions(of: node.id)
            let keys = (try? node.disk.keys()) ?? []
            return keys.filter { !held.contains($0.partition) }.map {
                "\(String(decoding: $0.key, as: UTF8.self)) is left on \(node.name), no replica of it"
            }
        }
    }

    func isRepaired(_ key: Int) -> Bool {
        let states = states(ofKey: key)
        return states.allSatisfy { $0 == states.first }
    }

    /// Keys of which some replica has only what is deleted or has expired.
    var deadKeyNumbers: [Int] {
        (0..<plan.allKeys).filter { key in
            states(ofKey: key).contains { $0?.isDead(at: SimulatedNode.wallMillis(scheduler.now)) ?? false }
        }
    }

    var deadKeys: [String] { deadKeyNumbers.map { "k\($0)" } }

    var reaped: Int { nodes.reduce(0) { $0 + ($1.node?.reaperStatus.removed ?? 0) } }

    /// How the comparisons of each node stand.
    var entropy: [(comparable: Bool, rounds: Int, leavesDiffering: Int)] {
        nodes.map { node in
            guard let status = node.node?.antiEntropyStatus else { return (false, 0, 0) }
            // Who begins no round has none to wait for.
            let own = status.comparisons.peers.filter { $0.due != nil }.map(\.totals)
            return (
                status.trees == status.completeTrees, own.map(\.rounds).min() ?? .max,
                own.reduce(0) { $0 + $1.leavesDiffering }
            )
        }
    }

    /// Whether every node knows by gossip that all live.
    var gossipAgrees: Bool {
        nodes.allSatisfy { node in
            let members = node.node?.gossipMembers ?? []
            return members.count == nodes.count && members.allSatisfy { $0.liveness == .alive }
        }
    }

    var areAllRepaired: Bool { (0..<plan.allKeys).allSatisfy(isRepaired) }

    /// Reads every key at all its replicas until they agree and nothing is kept for any; calls `whenDone` then.
    ///
    /// Read repair is how replicas come to agree. A key that nobody reads stays as it is.
    func repair(whenDone: @escaping () -> Void) {
        if areAllRepaired, hints.isEmpty {
            history.replicasRepaired(at: scheduler.now)
            return whenDone()
        }
        for key in 0..<plan.allKeys where !isRepaired(key) { readEverywhere(key) }
        let again = Later { [self] in repair(whenDone: whenDone) }
        scheduler.after(.milliseconds(500)) { again.body() }
    }

    /// Reads a key at all its replicas, through any node that runs, and adds it to `keysRead` if all answer.
    func readEverywhere(_ key: Int) {
        let up = nodes.filter(\.isUp)
        guard !up.isEmpty else { return }
        let request = GetRequest(
            bucket: bucket(ofKey: key), key: Self.bytes(ofKey: key),
            quorum: QuorumOverrides(r: layout.replicationFactor), timeoutMillis: 1_000)
        up[scheduler.number(below: up.count)].node?.submit(.get(request), from: .grpc) { [self] response in
            if case .read = response { keysRead.insert(key) }
        }
    }

    private final class Later {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }
}

extension Layout {
    fileprivate func partitions(of node: NodeID) -> Set<Int> {
        Set((0..<partitionCount).filter { replicas(ofPartition: $0).contains(node) })
    }
}

extension LayoutHistory.Stage {
    /// A later stage of one version has the greater number.
    fileprivate var order: Int {
        switch self {
        case .releasing: 0
        case .stable: 1
        case .deciding: 2
        case .adopting: 3
        case .filling: 4
        }
    }
}
