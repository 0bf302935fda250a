/// Until when the siblings of one key are there for readers.
///
/// A value has its own end. A part has its own (by the time to live of its bucket), and that of the key, whichever is
/// first. The key's is said by the latest of its deadlines, values and tombstones; a deadline is also the end of the values
/// before it. What was written after the key's end is not touched by it: it is the beginning of what comes next.
struct Lifetimes {
    private var deadline: Sibling?
    /// The latest that says until when the key's parts are there, if it has any.
    private var governor: Sibling?

    init(of siblings: [Sibling]) {
        for sibling in siblings {
            let isDeadline = sibling.content == .part(.deadline)
            guard isDeadline || !sibling.content.isPart else { continue }
            if governor.map(sibling.wins) ?? true { governor = sibling }
            if isDeadline, deadline.map(sibling.wins) ?? true { deadline = sibling }
        }
    }

    /// The latest, whether it is still ahead or not.
    var latestDeadline: Sibling? { deadline }

    /// What says the end of the key's parts, if that has come.
    func pastEnd(at now: UInt64) -> Sibling? {
        guard let governor, governor.expiresAt != 0, governor.expiresAt <= now else { return nil }
        return governor
    }

    /// Milliseconds since 1970 from which no reader finds it; 0 for never.
    func end(of sibling: Sibling) -> UInt64 {
        switch sibling.content {
        case .tombstone, .part(.deadline), .part(.removal): return sibling.timestamp.milliseconds
        case .value:
            if let deadline, deadline.wins(over: sibling) { return deadline.expiresAt }
            return sibling.expiresAt
        case .part:
            guard let governor, governor.expiresAt != 0,
                governor.wins(over: sibling) || sibling.timestamp.milliseconds < governor.expiresAt
            else { return sibling.expiresAt }
            return sibling.expiresAt == 0 ? governor.expiresAt : min(sibling.expiresAt, governor.expiresAt)
        }
    }

    /// Whether a reader at `now` (milliseconds since 1970) finds it.
    func isLive(_ sibling: Sibling, at now: UInt64) -> Bool {
        guard sibling.content.kind != nil else { return false }
        let end = end(of: sibling)
        return end == 0 || now < end
    }
}

extension Versions {
    /// The siblings that are there at `now` (milliseconds since 1970), each with the end that holds for it.
    func live(at now: UInt64) -> [Sibling] {
        let lifetimes = Lifetimes(of: siblings)
        return siblings.compactMap { sibling in
            guard lifetimes.isLive(sibling, at: now) else { return nil }
            var sibling = sibling
            sibling.expiresAt = lifetimes.end(of: sibling)
            return sibling
        }
    }

    /// Whether a reader at `now` finds anything.
    public func isLive(at now: UInt64) -> Bool {
        let lifetimes = Lifetimes(of: siblings)
        return siblings.contains { lifetimes.isLive($0, at: now) }
    }
}
