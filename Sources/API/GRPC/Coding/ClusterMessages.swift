import Cluster
import ClusterCore
import Messages
import SwiftProtobuf

extension Kvnode_V1_ClusterStatus {
    /// - Parameters:
    ///   - engine: Of the asked node.
    ///   - softwareVersion: Of the asked node.
    public init(_ status: ClusterStatus, engine: String, softwareVersion: String) {
        self.init()
        let history = status.history
        cluster = status.cluster
        node = status.node
        layoutVersion = history.current.version
        partitions = UInt32(history.current.partitionCount)
        replication = UInt32(history.current.replicationFactor)
        members = status.members.map { member in
            var message = Kvnode_V1_MemberStatus(member)
            if member.member.name == status.node {
                message.engine = engine
                message.softwareVersion = softwareVersion
            }
            return message
        }
        if history.stage != .stable { change = Kvnode_V1_LayoutChange(history) }
        staged = history.stagedRoles
        if let filling = status.filling { self.filling = Kvnode_V1_FillStatus(filling) }
        hints = Kvnode_V1_HintStatus(status.handoff, history, hintMillis: status.hintMillis)
        servesReads = status.servesReads
        candidates = status.candidates.map(Kvnode_V1_Member.init)
        antiEntropy = Kvnode_V1_AntiEntropyStatus(status.antiEntropy, history)
        reaping = .with {
            $0.sweeps = UInt64(status.reaping.sweeps)
            $0.removed = UInt64(status.reaping.removed)
            $0.unconfirmed = UInt64(status.reaping.unconfirmed)
        }
        self.engine = Kvnode_V1_EngineStatus(status.engine)
        refusedTimestamps = UInt64(status.refusedTimestamps.count)
        furthestAheadMs = status.refusedTimestamps.furthestMillis
    }
}

extension Kvnode_V1_EngineStatus {
    fileprivate init(_ status: EngineStatus) {
        self.init()
        state =
            switch status.state {
            case .ok: .ok
            case .damaged: .damaged
            case .full: .full
            case .failed: .failed
            }
        failedReads = UInt64(status.failedReads)
        failedWrites = UInt64(status.failedWrites)
        error = status.error ?? ""
    }
}

extension Kvnode_V1_AntiEntropyStatus {
    fileprivate init(_ status: AntiEntropyStatus, _ history: LayoutHistory) {
        self.init()
        trees = UInt32(status.trees)
        treesComplete = UInt32(status.completeTrees)
        peers = status.comparisons.peers.map { peer in
            .with {
                $0.node = history.name(of: peer.node)
                $0.partitions = UInt32(peer.partitions)
                $0.waiting = UInt32(peer.waiting)
                $0.running = UInt32(peer.running.count)
                $0.rounds = UInt64(peer.totals.rounds)
                $0.failures = UInt64(peer.totals.failures)
                $0.keysDiffering = UInt64(peer.totals.keysDiffering)
                $0.keysRepairedHere = UInt64(peer.totals.repairedHere)
                $0.keysRepairedThere = UInt64(peer.totals.repairedThere)
            }
        }.sorted { $0.node < $1.node }
    }
}

extension Kvnode_V1_Member {
    init(_ member: Member) {
        self.init()
        name = member.name
        address = member.address
        zone = member.zone
        weight = member.weight
    }
}

extension Kvnode_V1_MemberStatus {
    fileprivate init(_ status: ClusterStatus.MemberStatus) {
        self.init()
        member = Kvnode_V1_Member(status.member)
        role =
            switch status.role {
            case .joining: .joining
            case .up: .up
            case .leaving: .leaving
            case .lost: .lost
            }
        connected = status.isConnected
        engine = status.hello?.engine ?? ""
        softwareVersion = status.hello?.softwareVersion ?? ""
        partitions = UInt32(status.partitions)
        partitionsAfter = UInt32(status.partitionsAfter)
        liveness =
            switch status.liveness {
            case nil: .unspecified
            case .alive: .alive
            case .suspect: .suspect
            case .down: .down
            case .left: .left
            }
    }
}

extension Kvnode_V1_LayoutChange {
    /// Of a history with a change that is open or being decided on.
    fileprivate init(_ history: LayoutHistory) {
        self.init()
        version = history.stage == .deciding ? history.current.version + 1 : history.latest.version
        stage =
            switch history.stage {
            case .stable: .unspecified
            case .deciding: .deciding
            case .adopting: .adopting
            case .filling: .filling
            case .releasing: .releasing
            }
        awaiting = history.awaited.map(history.name(of:)).sorted()
    }
}

extension LayoutHistory {
    /// What the next commit would bring about, by name.
    var stagedRoles: [Kvnode_V1_StagedRole] {
        staged.map { node, role in
            .with {
                $0.node = name(of: node)
                switch role {
                case .member(let member): $0.member = Kvnode_V1_Member(member)
                case .absent: $0.absent = true
                }
            }
        }.sorted { $0.node < $1.node }
    }

    /// Empty for one that is in no layout and not staged.
    func name(of node: NodeID) -> String {
        knownMembers.first { $0.id == node }?.name ?? ""
    }
}

extension Kvnode_V1_FillStatus {
    fileprivate init(_ status: FillStatus) {
        self.init()
        partitions = UInt32(status.partitions)
        partitionsLeft = UInt32(status.partitionsLeft)
        rows = UInt64(status.rows)
        bytes = UInt64(status.bytes)
        seconds = status.seconds
        if let left = status.secondsLeft { secondsLeft = left }
    }
}

extension Kvnode_V1_HintStatus {
    fileprivate init(_ statistics: HandoffStatistics, _ history: LayoutHistory, hintMillis: UInt64) {
        self.init()
        /// Clocks may jump: what came later than now has no age.
        func age(_ millis: UInt64) -> UInt64 { hintMillis - min(hintMillis, millis) }
        count = UInt64(statistics.count)
        bytes = UInt64(statistics.bytes)
        oldestAgeMs = statistics.oldestMillis.map(age) ?? 0
        targets = statistics.accounts.map { target, account in
            .with {
                $0.node = history.name(of: target)
                $0.count = UInt64(account.count)
                $0.bytes = UInt64(account.bytes)
                $0.oldestAgeMs = age(account.oldestMillis)
            }
        }.sorted { $0.node < $1.node }
        stored = UInt64(statistics.stored)
        delivered = UInt64(statistics.delivered)
        expired = UInt64(statistics.expired)
        unkept = UInt64(statistics.unkept)
        refusedWrites = UInt64(statistics.refusedWrites)
    }
}

extension Kvnode_V1_LayoutPlan {
    init(_ plan: LayoutPlan) {
        self.init()
        expectedVersion = plan.layout.version - 1
        version = plan.layout.version
        shares = plan.shares.map { share in
            .with {
                $0.node = share.name
                $0.before = UInt32(share.before)
                $0.after = UInt32(share.after)
                $0.gained = UInt32(share.gained)
            }
        }
        partitionsMoved = UInt32(plan.partitionsMoved)
        replicasMoved = UInt32(plan.replicasMoved)
        warnings = plan.warnings.map(\.description)
    }
}

extension Kvnode_V1_RingResponse {
    init(partition: Int, _ history: LayoutHistory) {
        self.init()
        func names(_ layout: Layout) -> [String] {
            layout.replicas(ofPartition: partition).map(history.name(of:))
        }
        self.partition = UInt32(partition)
        // The partition is the top bits of the hash.
        let shift = UInt64(64 - history.current.partitionCount.trailingZeroBitCount)
        firstHash = UInt64(partition) << shift
        lastHash = firstHash &+ (1 << shift &- 1)
        replicas = names(history.current)
        if let next = history.next { replicasAfter = names(next) }
        if let previous = history.previous { replicasBefore = names(previous) }
    }
}
