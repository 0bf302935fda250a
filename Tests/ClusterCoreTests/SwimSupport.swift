@testable import ClusterCore

extension MemberRecord {
    /// The node `name`, whose address, instance and disk follow from the arguments.
    static func sample(
        _ name: String, incarnation: UInt64 = 100, instance: UInt64 = 1, disk: UInt64 = 0,
        address: String? = nil
    ) -> MemberRecord {
        MemberRecord(
            name: name, address: address ?? "\(name):7400", zone: "z", engine: "memory", version: "1",
            instance: instance, disk: disk, incarnation: incarnation)
    }
}

/// One `Swim` under test, with the messages that it sends decoded.
struct SwimHarness {
    var swim: Swim
    var now: UInt64 = 1_000_000
    /// By how much the wall clock is ahead of `now`.
    var wallOffset: UInt64 = 1_795_000_000_000
    /// What the last event led to.
    var actions: [Swim.Action] = []

    init(_ own: MemberRecord = .sample("a"), settings: SwimSettings = SwimSettings(), seed: UInt64 = 1) {
        swim = Swim(own: own, settings: settings, seed: seed)
    }

    mutating func start(_ seeds: [Swim.Seed] = []) {
        actions = []
        swim.start(seeds: seeds, now: now, &actions)
    }

    /// - Parameter wallMillis: The sender's clock, in an ack.
    mutating func hear(
        _ body: SwimMessage.Body, number: UInt64 = 0, from: NodeID, wallMillis: UInt64 = 0,
        _ updates: [SwimUpdate]
    ) {
        let message = SwimMessage(body, number: number, updates: updates, wallMillis: wallMillis)
        receive(SwimCodec.encode(message), from: from)
    }

    mutating func receive(_ bytes: [UInt8], from sender: NodeID) {
        actions = []
        try! swim.received(bytes, from: sender, now: now, wallMillis: now + wallOffset, &actions)
    }

    mutating func tick() {
        actions = []
        swim.tick(now: now, &actions)
    }

    mutating func leave() {
        actions = []
        swim.leave(now: now, &actions)
    }

    /// Gossip from a node that itself is of no interest.
    mutating func hear(_ records: MemberRecord..., accusers: [NodeID] = []) {
        let updates = records.map { SwimUpdate($0, accusers: $0.liveness == .suspect ? accusers : []) }
        hear(.gossip, from: NodeID(rawValue: 99), updates)
    }

    /// Lets time pass, waking at each millisecond that was asked for.
    mutating func pass(_ millis: UInt64, _ each: (inout SwimHarness) -> Void = { _ in }) {
        let end = now + millis
        var all: [Swim.Action] = []
        while now < end {
            now = min(end, now + 10)
            tick()
            all += actions
            each(&self)
        }
        actions = all
    }

    var sent: [(message: SwimMessage, to: NodeID, at: String)] {
        actions.compactMap { action in
            guard case .send(let bytes, let id, let address) = action else { return nil }
            return (try! SwimCodec.decode(bytes), id, address)
        }
    }

    var changes: [MemberRecord] {
        actions.compactMap { if case .changed(let record, _) = $0 { record } else { nil } }
    }

    var conflicts: [Bool] {
        actions.compactMap { if case .conflict(_, let yields) = $0 { yields } else { nil } }
    }
}

/// Several of them on a network that a test can cut, in which messages take 5 ms.
struct SwimCluster {
    var nodes: [SwimHarness]
    /// Nodes that hear and say nothing.
    var silent: Set<Int> = []
    var isCut: (Int, Int) -> Bool = { _, _ in false }
    var now: UInt64 = 1_000_000
    private var underWay: [(at: UInt64, to: Int, from: NodeID, bytes: [UInt8])] = []
    /// All actions but sends and wakes.
    var log: [[Swim.Action]]
    var largestMessage = 0

    init(_ records: [MemberRecord], settings: SwimSettings = SwimSettings()) {
        nodes = records.enumerated().map { SwimHarness($1, settings: settings, seed: UInt64($0 + 1)) }
        log = records.map { _ in [] }
    }

    init(count: Int, settings: SwimSettings = SwimSettings()) {
        self.init((0..<count).map { .sample("n\($0)", instance: UInt64($0 + 1)) }, settings: settings)
    }

    mutating func start(_ index: Int) {
        let seed = nodes[0].swim.own
        nodes[index].now = now
        nodes[index].start(index == 0 ? [] : [.init(id: seed.id, address: seed.address)])
        collect(index)
    }

    mutating func startAll() { for index in nodes.indices { start(index) } }

    mutating func collect(_ index: Int) {
        for action in nodes[index].actions {
            switch action {
            case .send(let bytes, _, let address):
                largestMessage = max(largestMessage, bytes.count)
                let from = nodes[index].swim.own.id
                for target in nodes.indices where nodes[target].swim.own.address == address {
                    guard !silent.contains(index), !silent.contains(target), !isCut(index, target) else {
                        continue
                    }
                    underWay.append((now + 5, target, from, bytes))
                }
            case .wake: break
            default: log[index].append(action)
            }
        }
        nodes[index].actions = []
    }

    /// - Returns: Milliseconds until `condition` held; nil if it never did.
    @discardableResult
    mutating func pass(_ millis: UInt64, until condition: (SwimCluster) -> Bool = { _ in false }) -> UInt64? {
        let start = now
        while now < start + millis {
            if condition(self) { return now - start }
            now += 5
            let due = underWay.filter { $0.at <= now }
            underWay.removeAll { $0.at <= now }
            for message in due {
                nodes[message.to].now = now
                nodes[message.to].receive(message.bytes, from: message.from)
                collect(message.to)
            }
            for index in nodes.indices where !silent.contains(index) {
                nodes[index].now = now
                nodes[index].tick()
                collect(index)
            }
        }
        return condition(self) ? millis : nil
    }

    func liveness(of subject: Int, at observer: Int) -> Liveness? {
        nodes[observer].swim.record(of: nodes[subject].swim.own.id)?.liveness
    }

    /// Whether every node that is not silent thinks that of the subject.
    func all(think liveness: Liveness, of subject: Int) -> Bool {
        nodes.indices.allSatisfy {
            $0 == subject || silent.contains($0) || self.liveness(of: subject, at: $0) == liveness
        }
    }

    var allAlive: Bool { nodes.indices.allSatisfy { all(think: .alive, of: $0) } }
}
