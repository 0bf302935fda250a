/// Push-pull: now and then all records are exchanged with one random member, page by page, so that what gossip missed
/// arrives all the same; at the start with a seed (Demers et al., "Epidemic algorithms for replicated database
/// maintenance", 1987, section 1.3: anti-entropy).
///
/// A page holds the sender's records in a range of ids; the answer those of the receiver in the same range, or as much of
/// it as fits, and the next page begins behind it. So each message is bounded, whatever the number of members.
extension Swim {
    /// The exchange that this node has begun.
    struct Exchange {
        var partner: NodeID
        /// Of the page under way.
        var number: UInt64 = 0
        var from: UInt64 = 0
        var attempts = 0
        var deadline: UInt64 = 0
        /// Pages that have been answered.
        var pages = 0
    }

    mutating func goOnSyncing(_ now: UInt64, _ actions: inout [Action]) {
        if let current = exchange, current.deadline <= now {
            if current.attempts < settings.syncAttempts {
                sendPage(now, &actions)
            } else {
                endExchange(now, isComplete: false)
            }
        }
        guard exchange == nil, nextSyncAt <= now else { return }
        beginExchange(with: nextPartner(), now, &actions)
    }

    /// A member speaks that was thought dead and lived all the time: a partition has healed. What does it know?
    mutating func cameBack(_ id: NodeID, _ now: UInt64) {
        guard exchange == nil, returnSyncFrom <= now else { return }
        returnSyncFrom = now + settings.reconnectMillis
        nextSyncAt = now
        exchangesDone = 0
        returned = id
    }

    private mutating func nextPartner() -> NodeID? {
        if let id = returned {
            returned = nil
            if peers[id]?.record.liveness.isPresent == true { return id }
        }
        guard isJoining else { return order.sample(1, &random).first }
        defer { nextSeed = (nextSeed + 1) % seeds.count }
        return seeds[nextSeed].id
    }

    private mutating func beginExchange(with partner: NodeID?, _ now: UInt64, _ actions: inout [Action]) {
        // If nothing comes of it, the next is begun then.
        nextSyncAt = now + settings.syncMillis
        guard let partner else { return }
        exchange = Exchange(partner: partner)
        sendPage(now, &actions)
    }

    private mutating func endExchange(_ now: UInt64, isComplete: Bool) {
        guard let ended = exchange else { return }
        exchange = nil
        if isComplete {
            isJoining = false
            exchangesDone += 1
        }
        let usual = settings.syncMillis * UInt64(max(1, ended.pages))
        // Nodes that start together know little at first: the pauses grow from one period to their usual length.
        nextSyncAt = now + min(usual, settings.periodMillis << UInt64(min(exchangesDone, 30)))
    }

    /// Sends the page that is due, or sends it again.
    private mutating func sendPage(_ now: UInt64, _ actions: inout [Action]) {
        guard var current = exchange else { return }
        current.number = number()
        current.attempts += 1
        current.deadline = now + health.scaled(settings.periodMillis)
        exchange = current
        guard let address = address(of: current.partner) else { return }
        let page = page(from: current.from, through: .max)
        let body = SwimMessage.Body.page(from: current.from, through: page.through)
        actions.append(.send(message(body, current.number, page.records), to: current.partner, at: address))
    }

    mutating func sendPageReply(
        _ number: UInt64, from: UInt64, through: UInt64, to sender: NodeID, _ actions: inout [Action]
    ) {
        guard let address = address(of: sender) else { return }
        let page = page(from: from, through: through)
        let body = SwimMessage.Body.pageReply(from: from, through: page.through)
        actions.append(.send(message(body, number, page.records), to: sender, at: address))
    }

    mutating func pageCame(
        _ number: UInt64, _ sender: NodeID, from: UInt64, through: UInt64, _ now: UInt64,
        _ actions: inout [Action]
    ) {
        guard phase == .running, var current = exchange else { return }
        guard current.number == number, current.partner == sender, current.from == from else { return }
        current.pages += 1
        exchange = current
        guard through < .max else { return endExchange(now, isComplete: true) }
        exchange?.from = through + 1
        exchange?.attempts = 0
        sendPage(now, &actions)
    }

    private func message(_ body: SwimMessage.Body, _ number: UInt64, _ records: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: Self.pageHeadBytes + ownBytes.count + records.count)
        SwimCodec.begin(body, number: number, &writer)
        writer.raw(ownBytes)
        writer.raw(records)
        return writer.bytes
    }

    /// Version, kind, number (10 at most) and range.
    private static var pageHeadBytes: Int { 28 }

    /// The records with ids from `from` on, through `through` or as many as fit, encoded.
    private func page(from: UInt64, through: UInt64) -> (records: [UInt8], through: UInt64) {
        let room = settings.maxPageBytes - Self.pageHeadBytes - ownBytes.count
        var writer = ByteWriter(capacity: room)
        var last = from
        for id in ids[ids.partition(from: NodeID(rawValue: from))...] {
            guard id.rawValue <= through, let record = peers[id]?.record else { break }
            var one = ByteWriter(capacity: 128)
            SwimCodec.append(update(of: record), to: &one)
            guard writer.count + one.count <= room else { return (writer.bytes, last) }
            writer.raw(one.bytes)
            last = id.rawValue
        }
        return (writer.bytes, through)
    }
}
