import ClusterCore
import Engine
import Tracing

/// What spans say: by the OpenTelemetry conventions for databases and remote calls where these have a name for it, else below
/// `kvnode.`. Never a key, a value, or what proves who a user is.
extension SpanAttributes {
    /// Of the span of a request.
    init(of request: RequestRecord, at nodeName: String) {
        let answer = request.answer
        // One by one through `SpanAttributes` each would be boxed.
        var attributes: [String: SpanAttribute] = [
            "db.system.name": "kvnode", "db.operation.name": .string(answer.kind.name),
            "server.address": .string(nodeName), "network.protocol.name": .string(answer.origin.name),
        ]
        // Of all that can come, for one allocation.
        attributes.reserveCapacity(16)
        let bucket = answer.subject.bucket
        if !bucket.isEmpty { attributes["db.collection.name"] = .string(bucket) }
        if !answer.user.isEmpty { attributes["enduser.id"] = .string(answer.user) }
        if case .key(let key) = answer.subject {
            attributes["kvnode.partition"] = .int64(Int64(key.partition))
            attributes["kvnode.key_size"] = .int64(Int64(key.key.count))
        }
        if answer.byteCount > 0 { attributes["kvnode.value_size"] = .int64(Int64(answer.byteCount)) }
        if answer.retries > 0 { attributes["kvnode.retries"] = .int64(Int64(answer.retries)) }
        if let quorum = request.quorum {
            attributes["kvnode.n"] = .int64(Int64(quorum.n))
            attributes["kvnode.r"] = .int64(Int64(quorum.r))
            attributes["kvnode.w"] = .int64(Int64(quorum.w))
        }
        // The span was not recorded as its work went on, so that what other nodes did for it is missing.
        if request.isAfterTheFact { attributes["kvnode.after_the_fact"] = true }
        self.init(attributes)
        if let error = answer.error { set(error) }
    }

    private mutating func set(_ error: RequestError) {
        set(errorType: error.code.reason)
        guard error.replicasNeeded > 0 else { return }
        self["kvnode.replicas_answered"] = error.replicasAnswered
        self["kvnode.replicas_needed"] = error.replicasNeeded
    }

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

extension RequestRecord.Answer {
    /// By what was done, and to which bucket: few enough to be told apart in a list.
    var spanName: String {
        let bucket = subject.bucket
        return bucket.isEmpty ? kind.name : "\(kind.name) \(bucket)"
    }
}
