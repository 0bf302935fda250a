import ClusterCore
import LogLimits
import Logging
import NIOCore
import Synchronization

/// What gossip has come to, for whoever watches the node.
struct GossipFigures {
    var counts = SwimCounts()
    /// 0 if this node keeps up well itself.
    var healthScore = 0
    var clocks: ClockOffsets?
}

/// Finds out by gossip who is there, who lives, and where (`Swim`).
///
/// Messages travel on the peers' streams, like all others. Lives on one shard's event loop; all times are that loop's.
final class GossipDriver: @unchecked Sendable {
    // @unchecked: what changes is touched only on the shard's loop, but what is published, which has locks.

    private let shard: Shard
    private let logger: Logger
    private var swim: Swim
    private var isStopped = true
    /// The members known, for other threads.
    private let published: Mutex<[MemberRecord]>
    /// For other threads as well.
    private let publishedFigures = Mutex(GossipFigures())
    /// Called on the loop when a node is to be found somewhere else than before, or at all.
    private var addressesChanged: () -> Void = {}
    /// Called once, on the loop, if this node must stop.
    private var yields: (MemberRecord) -> Void = { _ in }

    init(shard: Shard, logger: Logger) {
        self.shard = shard
        self.logger = logger
        let (configuration, environment) = (shard.context.configuration, shard.context.environment)
        let member = configuration.layout.member(shard.context.selfID)
        let gossip = configuration.gossip
        let own = MemberRecord(
            name: configuration.nodeName, address: gossip.address, zone: member?.zone ?? "",
            weight: member?.weight ?? 1, engine: gossip.engine, version: gossip.softwareVersion,
            instance: environment.randomIdentifier(), incarnation: environment.wallMillis())
        swim = Swim(own: own, settings: gossip.settings, seed: environment.randomIdentifier())
        published = Mutex([own])
    }

    // MARK: Events

    /// - Parameter seeds: Whom to ask who is there.
    func start(
        seeds: [Member], addressesChanged: @escaping () -> Void, yields: @escaping (MemberRecord) -> Void
    ) {
        self.addressesChanged = addressesChanged
        self.yields = yields
        isStopped = false
        step { swim, now, actions in
            swim.start(
                seeds: seeds.map { Swim.Seed(id: $0.id, address: $0.address) }, now: now, &actions)
        }
    }

    /// Says and hears nothing more. Not a good-bye: the node may be back in a moment.
    func stop() {
        isStopped = true
        // They hold on to the node's parts.
        (addressesChanged, yields) = ({}, { _ in })
    }

    /// - Parameter replies: Where answers go to, if there is such a way. They have to reach the process that asked: the
    ///   stream to the node of its name may lead to another one, and that is to be found out.
    func received(_ bytes: [UInt8], from peer: NodeID, _ replies: (any PeerReplyPath)?) {
        let wallMillis = shard.context.environment.wallMillis()
        step(answering: peer, replies) { swim, now, actions in
            do throws(CodecError) {
                try swim.received(bytes, from: peer, now: now, wallMillis: wallMillis, &actions)
            } catch {
                shard.context.limited.log(
                    .warning, "a peer's gossip cannot be read",
                    metadata: ["peer": "\(shard.name(of: peer))", "error": "\(error)"])
            }
        }
    }

    func connected(_ peer: NodeID) { step { $0.reachable(peer, now: $1, &$2) } }

    func disconnected(_ peer: NodeID) { step { swim, _, _ in swim.unreachable(peer) } }

    /// The nodes of the layouts are not forgotten, however long they are down.
    func retain(_ members: [Member]) { swim.retain(Set(members.map(\.id))) }

    // MARK: What is known

    /// All members known, this node included, by ascending id. Any thread.
    var members: [MemberRecord] { published.withLock { $0 } }

    /// What the protocol has come to. Any thread.
    var figures: GossipFigures { publishedFigures.withLock { $0 } }

    /// The others that have not said good-bye, as they describe themselves.
    var peers: [Member] {
        swim.members.filter { $0.id != shard.context.selfID && $0.liveness != .left }.map {
            Member(name: $0.name, address: $0.address, zone: $0.zone, weight: $0.weight)
        }
    }

    // MARK: Actions

    private func step(
        answering peer: NodeID? = nil, _ replies: (any PeerReplyPath)? = nil,
        _ event: (inout Swim, UInt64, inout [Swim.Action]) -> Void
    ) {
        if isStopped { return }
        var actions: [Swim.Action] = []
        event(&swim, shard.loop.now.uptimeNanoseconds / 1_000_000, &actions)
        var hasChanged = false
        for action in actions {
            if case .send(let bytes, let node, _) = action, node == peer, let replies {
                answer(bytes, replies)
            } else {
                perform(action, &hasChanged)
            }
        }
        if hasChanged { published.withLock { $0 = swim.members } }
        let figures = GossipFigures(
            counts: swim.counts, healthScore: swim.healthScore, clocks: swim.clockOffsets)
        publishedFigures.withLock { $0 = figures }
    }

    private func answer(_ bytes: [UInt8], _ replies: any PeerReplyPath) {
        var writer = ByteWriter()
        PeerCodec.append(PeerReplyMessage(id: 0, body: .gossip(bytes)), to: &writer)
        // What a full queue refuses counts as lost: the protocol takes that for granted.
        _ = replies.send(writer.bytes)
    }

    private func perform(_ action: Swim.Action, _ hasChanged: inout Bool) {
        switch action {
        case .send(let bytes, let node, _):
            // To where the transport has a stream. `addressesChanged` sees to it that it has one wherever it can.
            shard.send(.gossip(bytes), to: node, for: 0, timeout: .seconds(1))
        case .wake(let time):
            let now = shard.loop.now.uptimeNanoseconds / 1_000_000
            shard.loop.scheduleTask(in: .milliseconds(Int64(time - min(time, now)))) { [self] in
                step { $0.tick(now: $1, &$2) }
            }
        case .changed(let record, let previous):
            hasChanged = true
            report(record, previous)
            if record.address != previous?.address
                || (record.liveness == .left) != (previous?.liveness == .left)
            {
                addressesChanged()
            }
        case .forgotten(let record):
            hasChanged = true
            logger.info("a node is forgotten", metadata: ["node": "\(record.name)"])
            addressesChanged()
        case .conflict(let other, let yields):
            logger.critical(
                "another living process has this node's name",
                metadata: ["address": "\(other.address)", "this_node_stops": "\(yields)"])
            if yields { self.yields(other) }
        case .departed: break
        }
    }

    private func report(_ record: MemberRecord, _ previous: MemberRecord?) {
        guard record.liveness != previous?.liveness || record.address != previous?.address else { return }
        // A suspicion is mostly the beginning of what follows, or of nothing.
        let level: Logger.Level =
            record.liveness == .down ? .warning : record.liveness == .suspect ? .debug : .info
        logger.log(
            level: level, "a node's state by gossip",
            metadata: [
                "node": "\(record.name)", "state": "\(record.liveness)", "address": "\(record.address)",
            ])
    }
}
