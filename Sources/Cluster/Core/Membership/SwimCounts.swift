/// What a node's gossip has come to since its start.
public struct SwimCounts: Equatable, Sendable {
    /// Probes that an ack came to, from the member itself or through others, and those whose period ended without.
    public var answeredProbes = 0
    public var failedProbes = 0
    /// Members that came to be suspected, by this node's own finding or by others'.
    public var suspicions = 0
    /// Suspicions of itself that this node has refuted.
    public var refutations = 0

    public init() {}
}
