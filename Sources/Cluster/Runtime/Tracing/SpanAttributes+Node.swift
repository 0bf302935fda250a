import ClusterCore
import Engine
import Tracing

/// What spans say: by the OpenTelemetry conventions for databases and remote calls where these have a name for it, else below
/// `kvnode.`. Never a key, a value, or what proves who a user is.
extension SpanAttributes {
    /// Of the span of a request, at its end.
    init(of attempt: Attempt, _ subject: RequestSubject, _ response: Response, at nodeName: String) {
        // One by one through `SpanAttributes` each would be boxed.
        var attributes: [String: SpanAttribute] = [
            "db.system.name": "kvnode", "db.operation.name": .string(attempt.kind.name),
            "server.address": .string(nodeName), "network.protocol.name": .string(attempt.origin.name),
        ]
        // Of all that can come, for one allocation.
        attributes.reserveCapacity(16)
        if !subject.bucket.isEmpty { attributes["db.collection.name"] = .string(subject.bucket) }
        if !attempt.user.isEmpty { attributes["enduser.id"] = .string(attempt.user) }
        if case .key(let key) = subject {
            attributes["kvnode.partition"] = .int64(Int64(key.partition))
            attributes["kvnode.key_size"] = .int64(Int64(key.key.count))
        }
        if attempt.byteCount > 0 { attributes["kvnode.value_size"] = .int64(Int64(attempt.byteCount)) }
        if attempt.retries > 0 { attributes["kvnode.retries"] = .int64(Int64(attempt.retries)) }
        self.init(attributes)
        if case .failed(let error) = response { set(error) }
    }

    private mutating func set(_ error: RequestError) {
        set(errorType: error.code.reason)
        guard error.replicasNeeded > 0 else { return }
        self["kvnode.replicas_answered"] = error.replicasAnswered
        self["kvnode.replicas_needed"] = error.replicasNeeded
    }

    mutating func set(n: Int, r: Int, w: Int) {
        set("kvnode.n", value: .int64(Int64(n)))
        set("kvnode.r", value: .int64(Int64(r)))
        set("kvnode.w", value: .int64(Int64(w)))
    }

    /// The span was not recorded as its work went on, so that what other nodes did for it is missing.
    mutating func setAfterTheFact() { self["kvnode.after_the_fact"] = true }

    mutating func set(errorType: String) { self["error.type"] = errorType }

    /// Of the span of what another node is asked, at the one that asks.
    init(asking nodeName: String, to step: RequestTimeline.Step) {
        self.init([
            "rpc.system": "kvnode", "rpc.method": .string(step.name), "server.address": .string(nodeName),
        ])
    }

    /// Of the span of the same at the one that is asked.
    ///
    /// - Parameter isInMemory: Whether it is a read of what was known to be in memory.
    init(askedBy peerName: String, to step: RequestTimeline.Step, at nodeName: String, isInMemory: Bool) {
        var attributes: [String: SpanAttribute] = [
            "rpc.system": "kvnode", "rpc.method": .string(step.name), "server.address": .string(nodeName),
            "client.address": .string(peerName),
        ]
        if isInMemory { attributes[Self.isInMemory] = true }
        self.init(attributes)
    }

    /// That it was known that nothing had to wait for a disk.
    private static let isInMemory = "kvnode.read.resident"
    static let ofReadInMemory = SpanAttributes([isInMemory: true])

    init(of commit: GroupCommit) {
        self.init([
            "kvnode.commit.jobs": .int64(Int64(commit.jobs)),
            "kvnode.commit.operations": .int64(Int64(commit.operations)),
            "kvnode.commit.durability": .string(commit.durability.name),
        ])
    }

    /// - Parameter count: Of keys; nil for a range of them.
    init(ofReadOf count: Int?) {
        self.init()
        if let count { self["kvnode.read.keys"] = count }
    }
}
