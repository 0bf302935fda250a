import Cluster
import ClusterCore
import Engine

/// All that there is in one simulation.
final class World {
    static let bucket = "b"

    let plan: Plan
    let scheduler: Scheduler
    let trace: Trace
    let network: SimulatedNetwork
    let layout: Layout
    private(set) var nodes: [SimulatedNode] = []
    private(set) var clients: [Client] = []
    private(set) lazy var dots = DotWatch { [unowned self] in violations.append($0) }
    private(set) lazy var history = History { [unowned self] in violations.append($0) }
    /// What must not have happened, and did.
    var violations: [String] = []

    init(_ plan: Plan, seed: UInt64, print: ((String) -> Void)?) throws {
        scheduler = Scheduler(seed: seed)
        self.plan = plan.drawn(&scheduler.random)
        trace = Trace(scheduler, print: print)
        network = SimulatedNetwork(scheduler, trace)
        let members = (0..<plan.nodes).map { Member(name: "n\($0)", address: "n\($0):1", zone: "z\($0 % 3)") }
        layout = try Layout.initial(
            members: members, partitionCount: 16, replicationFactor: min(3, plan.nodes))
        nodes = members.map { SimulatedNode(name: $0.name, world: self) }
        clients = (0..<plan.clients).map { Client(name: "c\($0)", world: self) }
        let drawn = self.plan
        trace(
            "seed \(seed): \(drawn.nodes) nodes, \(drawn.durability) commits, reads ask \(drawn.readFanout), "
                + "\(drawn.loops) loops")
    }

    /// Of every key: as usual, or what so few nodes allow.
    var properties: BucketProperties {
        let n = layout.replicationFactor
        return BucketProperties(n: n, r: n / 2 + 1, w: n / 2 + 1)
    }

    static func bytes(ofKey key: Int) -> [UInt8] { Array("k\(key)".utf8) }

    func storageKey(_ key: Int) -> StorageKey {
        StorageKey(bucket: Self.bucket, key: Self.bytes(ofKey: key), partitionCount: layout.partitionCount)
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
        return layout.replicas(ofPartition: stored.partition).map { id in
            guard let node = nodes.first(where: { $0.id == id }) else { return nil }
            do {
                return try node.disk.image.get(.data, stored.bytes).map(VersionsCodec.decode)
            } catch {
                violations.append("\(node.name) holds damage for k\(key): \(error)")
                return nil
            }
        }
    }

    func isRepaired(_ key: Int) -> Bool {
        let states = states(ofKey: key)
        return states.allSatisfy { $0 == states.first }
    }

    var areAllRepaired: Bool { (0..<plan.keys).allSatisfy(isRepaired) }

    /// Reads every key at all its replicas until they agree; calls `whenDone` then.
    ///
    /// Read repair is how replicas come to agree. A key that nobody reads stays as it is.
    func repair(whenDone: @escaping () -> Void) {
        if areAllRepaired {
            history.replicasRepaired(at: scheduler.now)
            return whenDone()
        }
        for key in 0..<plan.keys where !isRepaired(key) {
            let up = nodes.filter(\.isUp)
            guard !up.isEmpty else { break }
            let request = GetRequest(
                bucket: Self.bucket, key: Self.bytes(ofKey: key),
                quorum: QuorumOverrides(r: layout.replicationFactor), timeoutMillis: 1_000)
            up[scheduler.number(below: up.count)].node?.submit(.get(request)) { _ in }
        }
        let again = Later { [self] in repair(whenDone: whenDone) }
        scheduler.after(.milliseconds(500)) { again.body() }
    }

    private final class Later {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }
}
