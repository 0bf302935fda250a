/// Until when the siblings of one key are there for readers.
///
/// A value has its own end. A part has its own (by the time to live of its bucket), and that of the key, whichever is
/// first. The key's is said by the latest of its deadlines, values and tombstones; a deadline is also the end of the values
/// before it. What was written after the key's end is not touched by it: it is the beginning of what comes next.
struct Lifetimes {
    /// What says until when something is there. No copy of its sibling, since every reading makes one.
    struct End {
        let dot: Dot
        /// Milliseconds since 1970; 0 for never.
        let time: UInt64
        fileprivate let timestamp: Timestamp

        fileprivate init(of sibling: Sibling) {
            (dot, time, timestamp) = (sibling.dot, sibling.expiresAt, sibling.timestamp)
        }

        fileprivate func isLater(than sibling: Sibling) -> Bool {
            (timestamp, dot) > (sibling.timestamp, sibling.dot)
        }
    }

    /// The latest deadline, whether it is still ahead or not.
    private(set) var deadline: End?
    /// The latest that says until when the key's parts are there, if it has any.
    private var governor: End?

    init(of siblings: [Sibling]) {
        for sibling in siblings {
            let isDeadline = sibling.content.isDeadline
            guard isDeadline || !sibling.content.isPart else { continue }
            let end = End(of: sibling)
            if governor?.isLater(than: sibling) != true { governor = end }
            if isDeadline, deadline?.isLater(than: sibling) != true { deadline = end }
        }
    }

    /// What says the end of the key's parts, if that has come.
    func pastEnd(at now: UInt64) -> End? {
        guard let governor, governor.time != 0, governor.time <= now else { return nil }
        return governor
    }

    /// Milliseconds since 1970 from which no reader finds it; 0 for never.
    func end(of sibling: Sibling) -> UInt64 {
        switch sibling.content {
        case .tombstone, .part(.deadline), .part(.removal): return sibling.timestamp.milliseconds
        case .value:
            if let deadline, deadline.isLater(than: sibling) { return deadline.time }
            return sibling.expiresAt
        case .part:
            guard let governor, governor.time != 0,
                governor.isLater(than: sibling) || sibling.timestamp.milliseconds < governor.time
            else { return sibling.expiresAt }
            return sibling.expiresAt == 0 ? governor.time : min(sibling.expiresAt, governor.time)
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
