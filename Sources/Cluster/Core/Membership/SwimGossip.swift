/// Spreading: what is new rides on every message, and on a few of its own as long as it is new (SWIM, section 4.1).
extension Swim {
    mutating func goOnGossiping(_ now: UInt64, _ actions: inout [Action]) {
        guard !updates.isEmpty, !order.members.isEmpty else {
            nextGossipAt = nil
            return
        }
        guard let due = nextGossipAt else {
            nextGossipAt = now + settings.gossipMillis
            return
        }
        guard due <= now else { return }
        for target in order.sample(settings.gossipFanout, &random) where !updates.isEmpty {
            send(.gossip, number: 0, to: target, &actions)
        }
        nextGossipAt = now + settings.gossipMillis
    }

    /// Sends a message that is no page, filled up with updates to the limit.
    ///
    /// - Parameter wallMillis: This node's wall clock, for an `ack`.
    mutating func send(
        _ body: SwimMessage.Body, number: UInt64, to id: NodeID, withOwn: Bool = false,
        wallMillis: UInt64 = 0, _ actions: inout [Action]
    ) {
        guard let address = address(of: id) else { return }
        var writer = ByteWriter(capacity: updates.isEmpty ? 160 : settings.maxPacketBytes)
        SwimCodec.begin(body, number: number, wallMillis: wallMillis, &writer)
        switch body {
        case .ping, .pingRequest: writer.raw(ownBytes)
        default: if withOwn { writer.raw(ownBytes) }
        }
        // Who is thought dead or suspect hears it first (Lifeguard's buddy system), and so is quick to refute it.
        if let peer = peers[id], peer.record.liveness != .alive {
            SwimCodec.append(update(of: peer.record), to: &writer)
        }
        updates.take(
            into: &writer, limit: settings.maxPacketBytes, maxSends: settings.sends(members: presentCount))
        actions.append(.send(writer.bytes, to: id, at: address))
    }

    func address(of id: NodeID) -> String? {
        peers[id]?.record.address ?? seeds.first { $0.id == id }?.address
    }

    func update(of record: MemberRecord) -> SwimUpdate {
        let isSuspect = record.liveness == .suspect
        return SwimUpdate(record, accusers: isSuspect ? suspicions[record.id]?.accusers ?? [] : [])
    }

    /// Changes what this node says of itself, and spreads it.
    mutating func setOwn(_ change: (inout MemberRecord) -> Void) {
        change(&own)
        var writer = ByteWriter(capacity: 128)
        SwimCodec.append(SwimUpdate(own), to: &writer)
        ownBytes = writer.bytes
        updates.put(SwimUpdate(own))
    }
}
