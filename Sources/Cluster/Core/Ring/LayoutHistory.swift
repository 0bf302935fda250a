/// The layouts of a cluster over time, as every node knows them: one closed layout, and at most one change to it.
///
/// A state-based CRDT (Shapiro et al., 2011): `merge` is commutative, associative and idempotent, so nodes exchange
/// histories in any order and as often as they like. The idea of layouts with trackers that gossip carries is
/// Garage's (deuxfleurs.fr, `src/rpc/layout`). Each node stores its history, synced, before it acts on it or shows it
/// to others.
///
/// A change goes through these states. "Old" and "new" are the layouts it leads from and to.
///
/// | `stage` | reads ask | writes need w of | it ends when |
/// | --- | --- | --- | --- |
/// | `stable` | the layout | the layout | somebody commits |
/// | `deciding` | old | old | a majority of old has accepted one layout (`LayoutElection`) |
/// | `adopting` | old | old and new | all have confirmed `adopted` |
/// | `filling` | old | old and new | all have confirmed `filled`: the change is closed |
/// | `releasing` | new | old and new | all have confirmed `released`: the old copies may go |
///
/// "All" are the members of old and new, except those declared lost in this change (`declareLost`). What a node must
/// do before each confirmation is in `duties(of:)`.
///
/// # Why an acknowledged write is always read
///
/// For a key with n replicas, r + w > n, and fewer than min(r, w) of its replicas lost at any time (from the declaration
/// until the members know that it is back):
///
/// 1. **One layout for each version.** Paxos decides it; two majorities of the old members have a voter in common, and
///    who lost its disk doesn't vote again before the version after. So a confirmation names a layout by its version.
/// 2. **No view reads what another view does not write.** A view is what one node makes of its history. Since the
///    confirmations are facts of their members, stored before they are told, two views in use at one time are at most
///    neighbours in the table: nobody is `filling` before all have left `stable`, nobody `releasing` before all are at
///    least `adopting`, nobody `stable` again before all are `releasing`. (F1's schema changes rest on the same kind of
///    step; Rae et al., VLDB 2013.) Of neighbours, each writes w of the set that the other reads.
/// 3. **Operations don't outlive their view.** A node confirms `adopted` when its operations of the view before have
///    ended, `released` when its reads of the old set have. From then on, it refuses other nodes' requests of such
///    views (`LayoutView.admits`). So what a slow message, or a node that is declared lost but lives on, still attempts
///    finds no quorum: every quorum has a replica that was not declared lost, and that one refuses.
/// 4. **Filling makes up for what came before.** A write of the view before was stored by w old replicas before those
///    confirmed `adopted`, and filling begins after. Each replica that is new to a partition takes in what *every* old
///    replica has that is not lost, so at least one that has the write. Hence who lacks it after the close was an old
///    replica and lacked it before: at most n - w of the readable ones, and r meet one that has it.
/// 5. **What is lost stays unread.** A member declared lost, by the operator or by itself when it starts on an empty
///    disk, is not read from until it has caught up with all other replicas of the present layout and said so.
///    It says so only after the change is closed in which nobody waited for it, so the next one waits for it again.
///
/// None of this asks for a clock, an order of messages, or a node that is up. A change waits for a member that is down
/// until that is back or declared lost.
///
/// Nothing guards against a majority declared lost that lives on; that takes `declareLost(_:force:)`.
public struct LayoutHistory: Equatable, Sendable {
    /// The layout that reads go by.
    public internal(set) var current: Layout

    /// Whether it is one of a cluster: a node that joins has heard of none yet, and has nothing to tell.
    public var isKnown: Bool { current.version > 0 }

    /// The layout before `current`, as long as a member may still read by it.
    public internal(set) var previous: Layout?
    /// What `current` is being changed to.
    public internal(set) var next: Layout?
    /// Decides what `next` is to be. Empty once that is known.
    var election = LayoutElection()
    /// What members have confirmed. Without what `current` and `previous` already tell.
    var progress: [NodeID: LayoutProgress] = [:]
    /// Which members were declared lost. Kept for good: an old history must not bring back what has been taken back.
    var absences: [NodeID: LayoutAbsence] = [:]
    /// The roles asked for that no layout has yet.
    var staging = LayoutStaging()

    /// The history of a new cluster, or of one that has had the same members so far.
    public init(_ layout: Layout) { current = layout }

    /// Takes over what `other` knows better. Returns whether that changed anything; if so, store the history.
    ///
    /// Near linear in the sizes of both. Both are of the same cluster.
    @discardableResult
    public mutating func merge(_ other: LayoutHistory) -> Bool {
        let before = self
        if other.current.isLater(than: current) {
            (current, previous, next) = (other.current, other.previous, other.next)
            election = other.election
        } else if !current.isLater(than: other.current) {
            if other.previous == nil { previous = nil }
            if let theirs = other.next, next.map(theirs.isLater) ?? true { next = theirs }
            election.merge(other.election)
        }
        progress.merge(other.progress, uniquingKeysWith: max)
        absences.merge(other.absences, uniquingKeysWith: max)
        staging.merge(other.staging)
        conclude()
        return self != before
    }

    /// The newest layout that is decided on.
    public var latest: Layout { next ?? current }

    /// Draws all conclusions from the facts known, so that equal facts make equal histories.
    ///
    /// Each holds for good once it holds: facts are only added, and there is one layout of each version.
    mutating func conclude() {
        if next == nil, let chosen = election.chosen(isQuorum: isQuorum) {
            next = chosen.layout
            staging.settle(chosen.applied)
        }
        if next != nil { election = LayoutElection() }
        if let layout = next, haveAll(.filled) {
            (previous, current, next) = (current, layout, nil)
        }
        if previous != nil, haveAll(.released) { previous = nil }
        progress = progress.filter { $0.value >= leastProgress }
    }

    /// What says nothing beyond what the layouts say: less than this.
    private var leastProgress: LayoutProgress {
        previous == nil
            ? LayoutProgress(version: current.version + 1, step: .adopted)
            : LayoutProgress(version: current.version, step: .released)
    }

    /// A number for what this history says, to find without sending it that two nodes' differ. Encodes it all.
    public var digest: UInt64 { hash64(encoded()) }
}

extension Layout {
    /// The order of a cluster's layouts. Beyond the version it only decides between layouts that should not both exist,
    /// so that even then all nodes come to the same.
    func isLater(than other: Layout) -> Bool {
        if version != other.version { return version > other.version }
        if digest != other.digest { return digest > other.digest }
        return self != other && other.encoded().lexicographicallyPrecedes(encoded())
    }
}
