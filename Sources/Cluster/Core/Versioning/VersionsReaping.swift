/// How a replica's state takes account of what was seen and is gone (`PartitionClock`).
extension Versions {
    /// Removes the writes that the other state's replica has `seen` and no longer holds: they were replaced there, or
    /// reaped.
    ///
    /// To a state that is about to be merged into ours, `seen` is ours; to ours, it is the other replica's, and then
    /// `other` must be all that it held, read after `seen` was.
    ///
    /// - Returns: Whether any was removed.
    @discardableResult
    public mutating func forget(_ seen: VersionVector, notIn other: Versions) -> Bool {
        guard !seen.isEmpty else { return false }
        let count = siblings.count
        siblings.removeAll { seen.covers($0.dot) && !other.holds($0.dot) }
        return siblings.count < count
    }

    /// Joins all that another replica holds of the key, and what both have seen of it.
    ///
    /// A write that one has seen and holds no more was replaced or reaped there. So this removes what a plain `merge` would
    /// spread again. What is empty afterwards is to be stored as nothing.
    ///
    /// - Parameters:
    ///   - other: The whole state of the other; empty if it has none.
    ///   - theirs: What the other had seen before that state was read.
    ///   - ours: What this replica has seen.
    public mutating func reconcile(
        _ other: Versions, seen theirs: VersionVector, ours: VersionVector, policy: Policy
    ) {
        var news = other
        news.forget(ours, notIn: self)
        forget(theirs, notIn: other)
        // Whoever has seen a write has seen what it replaced: without siblings there is nothing new in the rest.
        if !news.siblings.isEmpty { merge(news, policy: policy) }
    }

    /// Whether no reader finds a value here, from `now` on: all is deleted or has expired.
    ///
    /// - Parameters:
    ///   - now: Milliseconds since 1970.
    ///   - grace: For how many milliseconds it has been so at least, by the writers' clocks.
    public func isDead(at now: UInt64, grace: UInt64 = 0) -> Bool {
        let lifetimes = Lifetimes(of: siblings)
        return siblings.allSatisfy { sibling in
            let (diedAt, isTooLate) = lifetimes.end(of: sibling).addingReportingOverflow(grace)
            return !lifetimes.isLive(sibling, at: now) && !isTooLate && diedAt <= now
        }
    }
}
