/// The updates that still have to be spread, at most one a member: those sent least often come first, and of these the
/// oldest (SWIM, section 4.1).
struct UpdateQueue: Sendable {
    private struct Update {
        var bytes: [UInt8]
        var sends: Int
    }

    private var updates: [NodeID: Update] = [:]
    /// By how often they were sent.
    private var levels: [[NodeID]] = []

    var isEmpty: Bool { updates.isEmpty }
    var count: Int { updates.count }

    func contains(_ id: NodeID) -> Bool { updates[id] != nil }

    /// Puts in what is to be said of the member, in place of what was to be said.
    mutating func put(_ update: SwimUpdate) {
        var writer = ByteWriter(capacity: 128)
        SwimCodec.append(update, to: &writer)
        let id = update.record.id
        remove(id)
        updates[id] = Update(bytes: writer.bytes, sends: 0)
        if levels.isEmpty { levels.append([]) }
        levels[0].append(id)
    }

    mutating func remove(_ id: NodeID) {
        guard let update = updates.removeValue(forKey: id) else { return }
        levels[update.sends].removeAll { $0 == id }
    }

    /// Appends updates as long as the writer holds no more than `limit` bytes, and counts them as sent once more. Those
    /// that have been sent `maxSends` times are dropped.
    mutating func take(into writer: inout ByteWriter, limit: Int, maxSends: Int) {
        // From the last level down, so that none is taken twice: the plan first, in the order of the levels.
        var taken: [Int] = []
        for level in levels {
            var count = 0
            for id in level {
                guard let bytes = updates[id]?.bytes, writer.count + bytes.count <= limit else { break }
                writer.raw(bytes)
                count += 1
            }
            taken.append(count)
            if count < level.count { break }
        }
        for (level, count) in taken.enumerated().reversed() where count > 0 {
            advance(count, from: level, maxSends: maxSends)
        }
    }

    private mutating func advance(_ count: Int, from level: Int, maxSends: Int) {
        let ids = levels[level].prefix(count)
        levels[level].removeFirst(count)
        guard level + 1 < maxSends else {
            for id in ids { updates[id] = nil }
            return
        }
        if levels.count == level + 1 { levels.append([]) }
        for id in ids { updates[id]?.sends = level + 1 }
        levels[level + 1].append(contentsOf: ids)
    }
}
