import ClusterCore

/// What the page for browsers asks of the node, besides what every client can.
public enum ConsoleQuestion: Equatable, Sendable {
    /// How the cluster and this node are doing.
    case overview
    /// Which members hold which partitions.
    case ring
    /// What the replicas of a key hold of it. Both names are valid.
    case holdings(bucket: String, key: [UInt8])

    /// - Parameter query: Of the holdings: `bucket`, and `key`, whose bytes need not be text.
    init(holdingsOf query: ArraySlice<UInt8>) throws(Problem) {
        let query = try QueryParameters(query, allowed: ["bucket", "key"])
        guard let bucket = try query.text("bucket"), let key = query.bytes("key") else {
            throw .badRequest("say of which bucket and key")
        }
        do throws(RequestError) { try BucketRules.check(bucket) } catch { throw Problem(error) }
        guard KeyLimits.accepts(key: key) else {
            throw .badRequest("a key has 1 to \(KeyLimits.maxKeySize) bytes, this one has \(key.count)")
        }
        self = .holdings(bucket: bucket, key: key)
    }
}

/// Answers in JSON. Called on any thread, for who may ask.
public typealias ConsoleAnswers = @Sendable (ConsoleQuestion) async throws(RequestError) -> [UInt8]
