/// What becomes of a record that is heard: the merge, and what follows from it.
extension Swim {
    /// Where an update comes from.
    enum Source {
        /// This node's own finding.
        case here
        /// In a message of this node's, which may have it from others.
        case gossip(NodeID)
        /// From an exchange of all records: possibly old.
        case page(NodeID)
        /// The same, and the others know it already.
        case joiningPage(NodeID)

        init(_ body: SwimMessage.Body, _ sender: NodeID, isJoining: Bool) {
            switch body {
            case .page: self = .page(sender)
            case .pageReply: self = isJoining ? .joiningPage(sender) : .page(sender)
            case .ping, .pingRequest, .ack, .nack, .gossip: self = .gossip(sender)
            }
        }

        var sender: NodeID? {
            switch self {
            case .gossip(let sender), .page(let sender), .joiningPage(let sender): sender
            case .here: nil
            }
        }

        var isPage: Bool {
            switch self {
            case .page, .joiningPage: true
            case .here, .gossip: false
            }
        }

        var isHeard: Bool { if case .here = self { false } else { true } }
        var isNews: Bool { if case .joiningPage = self { false } else { true } }
    }

    mutating func apply(
        _ update: SwimUpdate, _ source: Source, _ now: UInt64, _ actions: inout [Action]
    ) {
        var update = update
        let id = update.record.id
        guard id != own.id else { return heardOfSelf(update.record, &actions) }
        guard let peer = peers[id] else { return admit(update, source, now, &actions) }
        let known = peer.record
        if source.isPage, update.record.liveness == .down, known.liveness.isPresent {
            // The word may come from the other side of a partition that has healed: the member has time to refute it.
            update = SwimUpdate(update.record.with(.suspect), accusers: source.sender.map { [$0] } ?? [])
        }
        if update.record > known {
            replace(known, update, source, now, &actions)
        } else if update.record == known, known.liveness == .suspect {
            confirm(update, source)
        }
    }

    /// A node that nothing was known of.
    private mutating func admit(
        _ update: SwimUpdate, _ source: Source, _ now: UInt64, _ actions: inout [Action]
    ) {
        let record = update.record
        // Of those that are gone, only those are of interest that the layout counts; else none would ever be forgotten.
        guard record.liveness.isPresent || retained.contains(record.id) else { return }
        if peers.count + 1 >= settings.maxMembers {
            guard let gone = longestGone() else {
                refusedMembers += 1
                return
            }
            forget(gone, &actions)
        }
        ids.insert(record.id, at: ids.partition(from: record.id))
        replace(nil, update, source, now, &actions)
    }

    private mutating func replace(
        _ known: MemberRecord?, _ update: SwimUpdate, _ source: Source, _ now: UInt64,
        _ actions: inout [Action]
    ) {
        let record = update.record
        let id = record.id
        let wasPresent = known?.liveness.isPresent ?? false
        let isPresent = record.liveness.isPresent
        let goneAt = isPresent ? nil : wasPresent ? now : peers[id]?.goneAt ?? now
        peers[id] = Peer(record: record, goneAt: goneAt)
        if isPresent, !wasPresent { order.insert(id, &random) }
        if !isPresent, wasPresent { order.remove(id) }
        suspicions[id] =
            record.liveness == .suspect
            ? Suspicion(accusers: Array(update.accusers.prefix(settings.confirmations + 1)), since: now) : nil
        if record.liveness == .suspect, known?.liveness != .suspect { counts.suspicions += 1 }
        if source.isNews { updates.put(self.update(of: record)) }
        actions.append(.changed(record, previous: known))
        if let known, known.liveness == .down, isPresent, known.instance == record.instance,
            source.sender == id
        {
            cameBack(id, now)
        }
        if source.isHeard { checkDisk(record, &actions) }
    }

    /// Others suspect the same.
    private mutating func confirm(_ update: SwimUpdate, _ source: Source) {
        let id = update.record.id
        let limit = settings.confirmations + 1
        guard suspicions[id]?.confirm(update.accusers, limit: limit) == true, source.isNews else { return }
        updates.put(self.update(of: update.record))
    }

    mutating func expireSuspicions(_ now: UInt64, _ actions: inout [Action]) {
        guard !suspicions.isEmpty else { return }
        // The members shrink while this goes on; that is for the next time.
        let members = presentCount
        let expired = suspicions.filter { $0.value.deadline(settings, members: members) <= now }
        for id in expired.keys.sorted() {
            guard let record = peers[id]?.record else { continue }
            apply(SwimUpdate(record.with(.down)), .here, now, &actions)
        }
    }
}

extension [NodeID] {
    /// Where the ids from `id` on begin, in an ascending array.
    func partition(from id: NodeID) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
