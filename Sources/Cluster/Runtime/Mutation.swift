import ClusterCore

/// A change of one key at one replica.
enum Mutation: Sendable {
    /// Another replica's state is joined to ours.
    case merge(Versions)
    /// All that another replica holds is joined to ours, with what it had seen (`Versions.reconcile`).
    case reconcile(Versions, seen: VersionVector)
    /// The key's row goes, if it has this hash, is dead, and stands for nothing that was not seen.
    case remove(hash: UInt64)
    /// A client's write, coordinated here.
    case write(ClientWrite)
    /// A client's change of a counter, a set or a map, coordinated here.
    case update(ClientUpdate)
    /// A state is kept for another replica, which is away.
    case hint(for: NodeID, Versions)
}

extension Mutation {
    /// About what it holds in memory.
    var byteCount: Int {
        switch self {
        case .merge(let versions), .hint(_, let versions), .reconcile(let versions, _):
            versions.byteCount
        case .write(let write): write.content.byteCount
        case .update(let update): update.change.byteCount + update.found.byteCount
        case .remove: 0
        }
    }
}

extension Mutation {
    /// Whether it is what a client wants, which may be refused.
    var isClients: Bool {
        switch self {
        case .write, .update: true
        case .merge, .reconcile, .remove, .hint: false
        }
    }
}

extension Versions {
    fileprivate var byteCount: Int { siblings.reduce(0) { $0 + $1.content.byteCount } }
}

struct ClientWrite: Sendable {
    var content: Sibling.Content
    var context: CausalContext
    var expiry: Expiry
    /// Of the bucket.
    var properties: BucketProperties

    /// As a sibling has it.
    func expiresAt(from now: UInt64) -> UInt64 {
        content == .tombstone ? 0 : expiry.time(from: now, properties)
    }
}

struct ClientUpdate: Sendable {
    var change: DataChange
    /// What the coordinator has read of the key.
    var found: Versions
    /// Of the bucket.
    var properties: BucketProperties
}
