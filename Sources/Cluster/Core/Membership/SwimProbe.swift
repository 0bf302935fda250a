/// Probes: a ping, then pings through others, then suspicion (SWIM, section 3; Lifeguard, section IV-A).
extension Swim {
    /// The probe of this period, not answered yet.
    struct Probe {
        var target: NodeID
        /// What it was thought to be when it was pinged: a later life is not to blame.
        var incarnation: UInt64
        var number: UInt64
        var sentAt: UInt64
        /// When others are asked; nil once they are.
        var askAt: UInt64?
        var asked = 0
        var nacks = 0
    }

    /// A probe that this node makes for another.
    struct Relay {
        var origin: NodeID
        /// The origin's number for it, and this node's own.
        var theirs: UInt64
        var ours: UInt64
        /// When the origin is told that there is no ack yet; nil once it is.
        var nackAt: UInt64?
        var endsAt: UInt64
    }

    static let maxUrgent = 16

    mutating func goOnProbing(_ now: UInt64, _ actions: inout [Action]) {
        if nextProbeAt <= now {
            concludeProbe(now, &actions)
            beginProbe(now, &actions)
            nextProbeAt = now + health.scaled(settings.periodMillis)
        } else if let current = probe, let askAt = current.askAt, askAt <= now {
            probe?.askAt = nil
            let others = order.sample(settings.indirectProbes, excluding: current.target, &random)
            probe?.asked = others.count
            for other in others {
                send(.pingRequest(current.target), number: current.number, to: other, &actions)
            }
        }
        if nextReconnectAt <= now {
            nextReconnectAt = now + settings.reconnectMillis
            reconnect(now, &actions)
            forget(now, &actions)
        }
    }

    private mutating func beginProbe(_ now: UInt64, _ actions: inout [Action]) {
        guard let target = nextTarget(), let incarnation = peers[target]?.record.incarnation else { return }
        let number = number()
        probe = Probe(
            target: target, incarnation: incarnation, number: number, sentAt: now,
            askAt: now + health.scaled(settings.pingTimeoutMillis))
        ping(target, number: number, &actions)
    }

    private mutating func nextTarget() -> NodeID? {
        while !urgent.isEmpty {
            let id = urgent.removeFirst()
            if peers[id]?.record.liveness.isPresent == true { return id }
        }
        return order.pick(&random)
    }

    /// The period of the probe is over without an ack.
    private mutating func concludeProbe(_ now: UInt64, _ actions: inout [Action]) {
        guard let failed = probe else { return }
        probe = nil
        counts.failedProbes += 1
        // Those asked would have said that they are there; what is missing of that may be this node's own fault.
        health.add(failed.asked == 0 ? 1 : failed.asked - failed.nacks)
        guard let peer = peers[failed.target], peer.record.liveness.isPresent else { return }
        guard peer.record.incarnation == failed.incarnation else { return }
        let accusation = SwimUpdate(peer.record.with(.suspect), accusers: [own.id])
        apply(accusation, .here, now, &actions)
    }

    mutating func ping(_ id: NodeID, number: UInt64, _ actions: inout [Action]) {
        send(.ping, number: number, to: id, &actions)
    }

    // MARK: Answers

    mutating func answer(
        _ message: SwimMessage, _ sender: NodeID, _ now: UInt64, wallMillis: UInt64,
        _ actions: inout [Action]
    ) {
        switch message.body {
        case .ping:
            // Who pings on account of something older than the refutation has missed that.
            let isMisjudged = message.updates.contains { $0.record.id == own.id && $0.record != own }
            send(
                .ack, number: message.number, to: sender, withOwn: isMisjudged, wallMillis: wallMillis,
                &actions)
        case .pingRequest(let target):
            relay(message.number, to: target, for: sender, now, wallMillis: wallMillis, &actions)
        case .ack: acked(message, sender, now, wallMillis: wallMillis, &actions)
        case .nack: if probe?.number == message.number { probe?.nacks += 1 }
        case .gossip: break
        case .page(let from, let through):
            sendPageReply(message.number, from: from, through: through, to: sender, &actions)
        case .pageReply(let from, let through):
            pageCame(message.number, sender, from: from, through: through, now, &actions)
        }
    }

    private mutating func acked(
        _ ack: SwimMessage, _ sender: NodeID, _ now: UInt64, wallMillis: UInt64, _ actions: inout [Action]
    ) {
        if let current = probe, current.number == ack.number {
            if sender == current.target {
                compareClocks(with: sender, ack.wallMillis, wallMillis, roundTrip: now - current.sentAt)
            }
            probe = nil
            counts.answeredProbes += 1
            health.add(-1)
        } else if let index = relays.firstIndex(where: { $0.ours == ack.number }) {
            let relay = relays.remove(at: index)
            send(.ack, number: relay.theirs, to: relay.origin, wallMillis: wallMillis, &actions)
        }
    }

    private mutating func relay(
        _ theirs: UInt64, to target: NodeID, for origin: NodeID, _ now: UInt64, wallMillis: UInt64,
        _ actions: inout [Action]
    ) {
        if target == own.id {
            return send(.ack, number: theirs, to: origin, wallMillis: wallMillis, &actions)
        }
        guard peers[target] != nil, relays.count < settings.maxRelays else { return }
        let rest = settings.periodMillis - settings.pingTimeoutMillis
        let ours = number()
        relays.append(
            // The nack has a fifth of the time left to travel.
            Relay(
                origin: origin, theirs: theirs, ours: ours, nackAt: now + rest * 4 / 5,
                endsAt: now + settings.periodMillis))
        ping(target, number: ours, &actions)
    }

    mutating func goOnRelaying(_ now: UInt64, _ actions: inout [Action]) {
        for index in relays.indices {
            guard let nackAt = relays[index].nackAt, nackAt <= now else { continue }
            relays[index].nackAt = nil
            send(.nack, number: relays[index].theirs, to: relays[index].origin, &actions)
        }
        relays.removeAll { $0.nackAt == nil && $0.endsAt <= now }
    }

    // MARK: Those that are gone

    /// Tries one member that is down, or a seed that nothing is known of: so two sides of a partition find each other.
    private mutating func reconnect(_ now: UInt64, _ actions: inout [Action]) {
        let down = ids.filter { peers[$0]?.record.liveness == .down }
        let lost = down + seeds.map(\.id).filter { peers[$0] == nil }
        guard !lost.isEmpty else { return }
        ping(lost[random.next(below: lost.count)], number: number(), &actions)
    }

    private mutating func forget(_ now: UInt64, _ actions: inout [Action]) {
        for id in ids {
            guard let peer = peers[id], let goneAt = peer.goneAt, !retained.contains(id) else { continue }
            let isLeft = peer.record.liveness == .left
            let lasts = isLeft ? settings.forgetLeftMillis : settings.forgetDownMillis
            if now >= goneAt + lasts { forget(peer, &actions) }
        }
    }

    func longestGone() -> Peer? {
        var longest: Peer?
        for id in ids where !retained.contains(id) {
            guard let peer = peers[id], let goneAt = peer.goneAt else { continue }
            if goneAt < longest?.goneAt ?? .max { longest = peer }
        }
        return longest
    }

    mutating func forget(_ peer: Peer, _ actions: inout [Action]) {
        let id = peer.record.id
        peers[id] = nil
        ids.removeAll { $0 == id }
        updates.remove(id)
        actions.append(.forgotten(peer.record))
    }
}
