/// Which nodes may stand for a key's replicas.
public enum QuorumMode: UInt8, Sendable {
    /// Only the key's own replicas count.
    case strict = 0
    /// While a replica cannot be reached, another node takes its writes and counts for it.
    case sloppy = 1
}

/// How the keys of a bucket are replicated, agreed on and kept.
public struct BucketProperties: Equatable, Sendable {
    /// The most replicas that a key can have, whatever the cluster's replication factor.
    public static let maximumN = 64
    /// The longest time to live, in seconds: 100 years.
    public static let maximumTTLSeconds = 3_153_600_000

    /// How many replicas a key has.
    public var n: Int
    /// How many of them must answer a read.
    public var r: Int
    /// How many of them must have stored a write before it is acknowledged.
    public var w: Int
    /// What becomes of concurrent values.
    public var policy: Versions.Policy
    /// Which nodes may stand for the replicas.
    public var quorum: QuorumMode
    /// Seconds after which a value written without a time to live of its own is deleted; 0 for never.
    public var ttlSeconds: Int

    /// The properties of a bucket; unless told, three replicas of which two agree, and siblings are kept.
    public init(
        n: Int = 3, r: Int = 2, w: Int = 2, policy: Versions.Policy = .siblings,
        quorum: QuorumMode = .strict, ttlSeconds: Int = 0
    ) {
        self.n = n
        self.r = r
        self.w = w
        self.policy = policy
        self.quorum = quorum
        self.ttlSeconds = ttlSeconds
    }

    /// Checks each property against its range.
    ///
    /// - Parameter replicationFactor: The layout's: no key can have more replicas.
    /// - Throws: `invalidArgument` that names the first property out of range, and the range.
    public func validate(replicationFactor: Int) throws(RequestError) {
        try Self.require("n", n, in: 1, Self.largestN(replicationFactor), "the replication factor")
        try Self.require("r", r, in: 1, n, "n")
        try Self.require("w", w, in: 1, n, "n")
        try Self.require("ttl", ttlSeconds, in: 0, Self.maximumTTLSeconds, "100 years in seconds")
    }

    /// The n, r and w of one request: the bucket's, but for those that the request sets.
    ///
    /// What the request sets must fit: r and w between 1 and the n in force, n between 1 and the replication
    /// factor. What it leaves to the bucket is lowered to fit, so that a request can lower n alone, and so that the
    /// properties of a bucket stay usable in a layout whose replication factor was lowered after they were set.
    ///
    /// - Throws: `invalidArgument` that names the property and its range.
    public func resolved(
        _ overrides: QuorumOverrides, replicationFactor: Int
    ) throws(RequestError) -> (n: Int, r: Int, w: Int) {
        let largest = Self.largestN(replicationFactor)
        if let n = overrides.n { try Self.require("n", n, in: 1, largest, "the replication factor") }
        let n = overrides.n ?? min(self.n, largest)
        if let r = overrides.r { try Self.require("r", r, in: 1, n, "n") }
        if let w = overrides.w { try Self.require("w", w, in: 1, n, "n") }
        return (n, overrides.r ?? min(r, n), overrides.w ?? min(w, n))
    }

    private static func largestN(_ replicationFactor: Int) -> Int { min(replicationFactor, maximumN) }

    private static func require(
        _ name: String, _ value: Int, in low: Int, _ high: Int, _ what: String
    ) throws(RequestError) {
        guard value >= low, value <= high else {
            throw RequestError(
                code: .invalidArgument,
                message: "\(name) must be between \(low) and \(high) (\(what)), not \(value)")
        }
    }
}
