/// All that a replica keeps of a key: the writes it has seen, and those of them that no seen write replaces.
///
/// A dotted version vector set (Preguiça, Baquero, Almeida, Fonte, Gonçalves: "Brief Announcement: Efficient Causality
/// Tracking in Distributed Storage Systems With Dotted Version Vectors", PODC 2012) with one flat list of siblings, since
/// each keeps its dot: a write replaces just what its client had seen, so there are never more siblings than
/// concurrent writers.
///
/// Deletes are writes of a tombstone, which is a sibling like any other; a reader filters (`reading`).
public struct Versions: Equatable, Sendable {
    /// How a bucket treats concurrent writes. The raw values are the wire's.
    public enum Policy: UInt8, Equatable, Sendable, CaseIterable {
        /// Keep them all, for the client to resolve.
        case siblings = 0
        /// Keep the one with the greatest (timestamp, dot).
        case lastWriteWins = 1
    }

    /// What was seen; includes every sibling's dot.
    public internal(set) var context: VersionVector
    /// Sorted by dot, each dot once.
    public internal(set) var siblings: [Sibling]

    /// Nothing known.
    public init() {
        context = VersionVector()
        siblings = []
    }

    /// - Parameters:
    ///   - siblings: Sorted by dot, each dot once.
    ///   - context: Covers their dots.
    init(uncheckedContext context: VersionVector, siblings: [Sibling]) {
        self.context = context
        self.siblings = siblings
    }

    /// Whether the key was never written, as far as is known.
    public var isEmpty: Bool { context.isEmpty && siblings.isEmpty }

    /// The same writes with empty values, content types, members and fields, for listings.
    public var withoutValues: Versions {
        var result = self
        for index in siblings.indices { result.siblings[index].content.empty() }
        return result
    }

    /// Whether a context token could not name all actors of the context, so that no client could write with what it
    /// reads here. A write that leads to this is to be refused: only forged tokens bring so many.
    public var hasTooManyActors: Bool { context.entries.count > ContextToken.maxActors }
}

// MARK: - Merging

extension Versions {
    /// Joins what `other` has seen: a sibling stays if both have it, or if the one without it hasn't seen it.
    ///
    /// Commutative, associative and idempotent, so replicas that exchange all they have, in whatever order and however
    /// often, hold the same.
    ///
    /// - Parameter policy: Under `lastWriteWins` only the winner of the values and tombstones stays, and what is not earlier of
    ///   the parts. The laws then rest on winners being later than what they replaced, which `write` sees to; a bucket
    ///   whose policy changed may hold others, and then a merge still never discards the last sibling.
    public mutating func merge(_ other: Versions, policy: Policy) {
        let settled = policy == .siblings || (siblings.count <= 1 && other.siblings.count <= 1)
        if settled {
            if descends(other) { return }
            if other.descends(self) {
                self = other
                return
            }
        }
        var merged = Self.survivors(self, other)
        if policy == .lastWriteWins {
            // Each side may have replaced the other's sibling, where causes are stamped after their effects.
            if merged.isEmpty, !siblings.isEmpty, !other.siblings.isEmpty {
                merged = (siblings + other.siblings).sorted { $0.dot < $1.dot }
            }
            Self.keepWinner(of: &merged)
        }
        siblings = merged
        context.join(other.context)
    }

    /// Whether merging `other` would change nothing, under the policy by which both were written.
    public func descends(_ other: Versions) -> Bool {
        guard context.descends(other.context) else { return false }
        // One of ours that they have seen, but no longer hold, was replaced.
        return siblings.allSatisfy { !other.context.covers($0.dot) || other.holds($0.dot) }
    }

    /// A binary search: a set has a sibling for each member.
    func holds(_ dot: Dot) -> Bool {
        var (low, high) = (0, siblings.count)
        while low < high {
            let middle = (low + high) / 2
            if siblings[middle].dot < dot { low = middle + 1 } else { high = middle }
        }
        return low < siblings.count && siblings[low].dot == dot
    }

    /// The siblings of the join, sorted by dot.
    private static func survivors(_ a: Versions, _ b: Versions) -> [Sibling] {
        var result: [Sibling] = []
        result.reserveCapacity(a.siblings.count + b.siblings.count)
        var (i, j) = (0, 0)
        while i < a.siblings.count || j < b.siblings.count {
            if j == b.siblings.count || (i < a.siblings.count && a.siblings[i].dot < b.siblings[j].dot) {
                if !b.context.covers(a.siblings[i].dot) { result.append(a.siblings[i]) }
                i += 1
            } else if i == a.siblings.count || b.siblings[j].dot < a.siblings[i].dot {
                if !a.context.covers(b.siblings[j].dot) { result.append(b.siblings[j]) }
                j += 1
            } else {
                result.append(a.siblings[i])
                i += 1
                j += 1
            }
        }
        return result
    }

    private static func keepWinner(of siblings: inout [Sibling]) {
        guard siblings.count > 1, let winner = siblings.filter({ !$0.content.isPart }).latest else { return }
        siblings.removeAll { sibling in
            sibling.content.isPart ? sibling.timestamp < winner.timestamp : sibling.dot != winner.dot
        }
    }
}

// MARK: - Writing

extension Versions {
    /// A new write, coordinated here.
    ///
    /// Under `siblings` it replaces what its client had seen, and stands beside the rest. Under `lastWriteWins` it
    /// replaces all that this replica holds.
    ///
    /// In both cases the write is stamped after all that it replaces here and after all that its client had seen
    /// anywhere, even if `timestamp` isn't: by then the coordinator's clock is behind, and a policy of the greatest
    /// timestamp would undo causality. So under `lastWriteWins` it wins over what the client had seen wherever they
    /// meet, by its timestamp alone. The client's vector isn't needed for that and isn't joined: what is covered is
    /// then always what some replica held, and a forged token can only push the timestamp of its key. (One that pushes
    /// it to the greatest of all leaves the order of further writes to their dots.)
    ///
    /// - Parameters:
    ///   - dot: Its counter is greater than both `self.context` and `context.vector` have for its actor (the caller
    ///     sees to it: the first holds as a coordinator's counter only grows, and a token with a counter that it never
    ///     issued is forged). A write whose dot counts as seen would be lost at the next merge.
    ///   - timestamp: From the coordinator's hybrid clock.
    ///   - expiresAt: Milliseconds since 1970; 0 for never.
    ///   - context: What the client had seen of this key; empty if nothing.
    public mutating func write(
        _ content: Sibling.Content, dot: Dot, timestamp: Timestamp, expiresAt: UInt64 = 0,
        context seen: CausalContext, policy: Policy
    ) {
        assert(!context.covers(dot) && !seen.vector.covers(dot), "a dot is never issued twice")
        var stamp = max(timestamp, seen.latest.successor)
        var kept: [Sibling] = []
        for sibling in siblings {
            if policy == .lastWriteWins || seen.vector.covers(sibling.dot) {
                stamp = max(stamp, sibling.timestamp.successor)
            } else {
                kept.append(sibling)
            }
        }
        let new = Sibling(dot: dot, timestamp: stamp, expiresAt: expiresAt, content: content)
        kept.insert(new, at: kept.firstIndex { $0.dot > dot } ?? kept.count)
        siblings = kept
        if policy == .siblings { context.join(seen.vector) }
        context.insert(dot)
    }
}
