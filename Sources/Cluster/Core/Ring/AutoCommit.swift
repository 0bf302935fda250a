/// Decides when a member commits by itself what is staged: once that has stayed the same for a while and no change is
/// open, so that several nodes that join together come in with one change.
///
/// A value: ask it whenever the history may have changed, and from time to time.
public struct AutoCommit: Sendable {
    private let delay: UInt64
    private var staged = LayoutStaging()
    private var since: UInt64?

    /// - Parameter delay: Milliseconds for which what is staged has to stay the same.
    public init(delay: UInt64) { self.delay = delay }

    /// Whether `node`, this one, is to commit now. After a yes the wait begins anew, whatever comes of the commit.
    ///
    /// - Parameter now: Milliseconds of the runtime's monotonic clock.
    public mutating func isDue(_ history: LayoutHistory, of node: NodeID, now: UInt64) -> Bool {
        guard history.stage == .stable, history.mayVote(node), !history.staged.isEmpty else {
            since = nil
            return false
        }
        guard let since, staged == history.staging else {
            staged = history.staging
            since = now
            return false
        }
        guard now >= since + delay else { return false }
        self.since = now
        return true
    }
}
