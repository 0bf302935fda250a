/// Who is in the cluster and who lives, found out by gossip: SWIM (Das et al., "SWIM: scalable weakly-consistent
/// infection-style process group membership protocol", 2002) with the additions of Lifeguard (Dadgar et al., "Lifeguard:
/// local health awareness for more accurate failure detection", 2018).
///
/// In each period a node pings one member; if no ack comes in time, some others ping it too; if none gets through, the
/// member is suspect. It hears so, and refutes it with a higher incarnation, or is declared down when the suspicion runs
/// out, the sooner the more nodes have found the same. What changes rides on the messages that are sent anyway, and on a
/// few of its own while it is fresh. All records are exchanged with one random member now and then, and at the start.
///
/// A value: the runtime feeds it events and performs the actions that each event appends to the array it passes. All
/// times are milliseconds of the runtime's monotonic clock. All events come from one thread or loop at a time. The rules
/// are in extensions: `SwimProbe`, `SwimGossip`, `SwimMerge`, `SwimIdentity`, `SwimSync`.
///
/// Everything it keeps is bounded: `maxMembers` records, one update and one suspicion a member, one probe and one exchange
/// of its own, `maxRelays` for others.
public struct Swim: Sendable {
    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// Send this message; no word of how it went is wanted.
        case send([UInt8], to: NodeID, at: String)
        /// Call `tick` at this time.
        case wake(at: UInt64)
        /// What is known of a member has changed; `previous` is nil for a new one.
        case changed(MemberRecord, previous: MemberRecord?)
        /// A member that has been gone for long, or longest when there were too many, is not remembered any more.
        case forgotten(MemberRecord)
        /// Another living process has this node's name or this node's disk. The one started later yields: if that is this
        /// one, it says nothing more, and must stop. Once for each such process.
        case conflict(with: MemberRecord, yields: Bool)
        /// The good-bye has been said. Nothing more comes.
        case departed
    }

    /// A node that is asked at the start, before anything is known.
    public struct Seed: Equatable, Sendable {
        public var id: NodeID
        public var address: String

        public init(id: NodeID, address: String) {
            self.id = id
            self.address = address
        }
    }

    enum Phase { case idle, running, leaving, ended }

    struct Peer {
        var record: MemberRecord
        /// When it was found to be down or to have left.
        var goneAt: UInt64?
        /// By how many milliseconds its wall clock is ahead of this node's; nil as long as that is not known.
        var clockOffset: Int64?
    }

    let settings: SwimSettings
    var random: SplitMix64
    var phase = Phase.idle
    /// What this node says of itself, and how that is encoded.
    public internal(set) var own: MemberRecord
    var ownBytes: [UInt8] = []
    /// All but this node.
    var peers: [NodeID: Peer] = [:]
    /// Their ids, ascending: the order of the pages.
    var ids: [NodeID] = []
    /// Those that are alive or suspect.
    var order = ProbeOrder()
    var suspicions: [NodeID: Suspicion] = [:]
    var updates = UpdateQueue()
    var health: LocalHealth
    var retained: Set<NodeID> = []
    var seeds: [Seed] = []
    /// New members that were not admitted since there was no room.
    public internal(set) var refusedMembers = 0
    public internal(set) var counts = SwimCounts()

    var nextNumber: UInt64 = 1
    var probe: Probe?
    var nextProbeAt: UInt64 = 0
    /// Members to be probed before others, since something points to their death.
    var urgent: [NodeID] = []
    var relays: [Relay] = []
    var nextGossipAt: UInt64?
    var exchange: Exchange?
    var nextSyncAt: UInt64 = 0
    /// No exchange has been completed yet, and there is somebody to have one with.
    var isJoining = false
    /// Exchanges completed since the start, or since a partition healed.
    var exchangesDone = 0
    /// A member that has come back, to have the next exchange with.
    var returned: NodeID?
    var nextSeed = 0
    var nextReconnectAt: UInt64 = 0
    /// Since when an exchange may be begun because a member has come back.
    var returnSyncFrom: UInt64 = 0
    /// The instance that the last conflict was with.
    var reportedRival: UInt64 = 0
    private var wakeAt: UInt64?

    /// - Parameters:
    ///   - own: This node's record, well formed, with a new incarnation and a new instance.
    ///   - seed: All chance comes from here; another on each node and at each start.
    public init(own: MemberRecord, settings: SwimSettings = SwimSettings(), seed: UInt64) {
        precondition(own.isWellFormed, "a record outside its limits")
        precondition(
            min(settings.maxPacketBytes, settings.maxPageBytes) >= SwimSettings.minPacketBytes,
            "a message must have room for two updates")
        precondition(settings.pingTimeoutMillis < settings.periodMillis, "a probe lasts a period")
        precondition(settings.confirmations < SwimUpdate.maxAccusers, "more accusers than an update carries")
        self.own = own
        self.settings = settings
        random = SplitMix64(seed: seed)
        health = LocalHealth(worst: settings.maxHealthScore)
        setOwn { _ in }
    }

    /// Every member known, this node included, by ascending id.
    public var members: [MemberRecord] {
        var records = ids.compactMap { peers[$0]?.record }
        records.insert(own, at: records.firstIndex { $0.id > own.id } ?? records.endIndex)
        return records
    }

    /// What is known of a node; nil if it isn't.
    public func record(of id: NodeID) -> MemberRecord? { id == own.id ? own : peers[id]?.record }

    /// 0 if this node keeps up well, up to `maxHealthScore` if it does not.
    public var healthScore: Int { health.score }

    /// The members that take part, this node included.
    var presentCount: Int { order.members.count + 1 }

    // MARK: Events

    /// Begins. The first event, once.
    ///
    /// - Parameter seeds: Nodes to ask who is there, tried in turn until one has told it all. This node may be among
    ///   them. None for the first node of a cluster.
    public mutating func start(seeds: [Seed] = [], now: UInt64, _ actions: inout [Action]) {
        guard phase == .idle else { return }
        phase = .running
        self.seeds = seeds.filter { $0.id != own.id }
        random.shuffle(&self.seeds)
        isJoining = !self.seeds.isEmpty
        // Nodes that start together do not act together.
        nextProbeAt = now + UInt64(random.next(below: Int(settings.periodMillis)))
        nextReconnectAt = now + UInt64(random.next(below: Int(settings.reconnectMillis)) + 1)
        nextSyncAt = isJoining ? now : now + UInt64(random.next(below: Int(settings.syncMillis)) + 1)
        goOn(now, &actions)
    }

    /// A time that `wake` named has come.
    public mutating func tick(now: UInt64, _ actions: inout [Action]) {
        if let wakeAt, wakeAt <= now { self.wakeAt = nil }
        goOn(now, &actions)
    }

    /// A message has come from that node, which the transport has made sure of.
    ///
    /// - Parameter wallMillis: This node's wall clock, in milliseconds since 1970, which is compared with others'.
    /// - Throws: `CodecError` if it can't be read; then nothing has happened.
    public mutating func received(
        _ bytes: [UInt8], from sender: NodeID, now: UInt64, wallMillis: UInt64, _ actions: inout [Action]
    ) throws(CodecError) {
        let message = try SwimCodec.decode(bytes)
        guard phase == .running || phase == .leaving, sender != own.id else { return }
        let source = Source(message.body, sender, isJoining: isJoining)
        for update in message.updates {
            apply(update, source, now, &actions)
            if phase == .ended { return }
        }
        answerTwin(message, sender, &actions)
        answer(message, sender, now, wallMillis: wallMillis, &actions)
        goOn(now, &actions)
    }

    /// The transport has lost its connection to that node: it is probed next. No proof of anything.
    public mutating func unreachable(_ id: NodeID) {
        guard phase == .running, peers[id]?.record.liveness == .alive else { return }
        guard urgent.count < Self.maxUrgent, !urgent.contains(id) else { return }
        urgent.append(id)
    }

    /// The transport has a connection to that node: if it is thought dead or suspect, it is told, so that it can object.
    public mutating func reachable(_ id: NodeID, now: UInt64, _ actions: inout [Action]) {
        guard phase == .running, let peer = peers[id], peer.record.liveness != .alive else { return }
        ping(id, number: number(), &actions)
        goOn(now, &actions)
    }

    /// This node describes itself otherwise from now on.
    public mutating func describe(
        address: String, zone: String, weight: Double, now: UInt64, _ actions: inout [Action]
    ) {
        guard phase == .idle || phase == .running else { return }
        setOwn { own in
            (own.address, own.zone, own.weight) = (address, zone, weight)
            own.incarnation += 1
        }
        precondition(own.isWellFormed, "a record outside its limits")
        goOn(now, &actions)
    }

    /// The nodes that are members of the layout: they are not forgotten, however long they are down.
    public mutating func retain(_ ids: Set<NodeID>) { retained = ids }

    /// This node is about to stop for good or for long: it says so to the others, then `departed`.
    public mutating func leave(now: UInt64, _ actions: inout [Action]) {
        guard phase == .running else { return }
        phase = .leaving
        probe = nil
        exchange = nil
        setOwn { $0.liveness = .left }
        nextGossipAt = now
        goOn(now, &actions)
    }

    // MARK: Time

    /// Does what is due, and says when something will be.
    private mutating func goOn(_ now: UInt64, _ actions: inout [Action]) {
        guard phase == .running || phase == .leaving else { return }
        if phase == .running {
            goOnProbing(now, &actions)
            expireSuspicions(now, &actions)
            goOnSyncing(now, &actions)
        }
        goOnRelaying(now, &actions)
        goOnGossiping(now, &actions)
        if phase == .leaving, order.members.isEmpty || !updates.contains(own.id) {
            phase = .ended
            actions.append(.departed)
            return
        }
        let due = nextDue
        if let wakeAt, wakeAt <= due { return }
        wakeAt = due
        actions.append(.wake(at: due))
    }

    private var nextDue: UInt64 {
        var due = min(nextProbeAt, nextSyncAt, nextReconnectAt)
        if let askAt = probe?.askAt { due = min(due, askAt) }
        if let nextGossipAt { due = min(due, nextGossipAt) }
        if let exchange { due = min(due, exchange.deadline) }
        for relay in relays { due = min(due, relay.nackAt ?? relay.endsAt) }
        for suspicion in suspicions.values {
            due = min(due, suspicion.deadline(settings, members: presentCount))
        }
        return due
    }

    mutating func number() -> UInt64 {
        defer { nextNumber += 1 }
        return nextNumber
    }
}
