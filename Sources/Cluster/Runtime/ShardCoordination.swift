import ClusterCore
import NIOCore

/// How a request becomes an operation of the shard.
extension Shard {
    func coordinate(
        _ get: GetRequest, key: StorageKey, timeout: TimeAmount, isForwarded: Bool,
        _ completion: @escaping @Sendable (Response) -> Void
    ) {
        admit(completion) { () throws(RequestError) in
            let properties = properties(ofBucket: get.bucket)
            let quorum = try resolve(get.quorum, properties)
            let replicas = replicas(ofPartition: key.partition, n: quorum.n)
            guard replicas.contains(context.selfID) else {
                return try forward(.get(get), to: replicas, timeout, isForwarded, completion)
            }
            let coordinator = GetCoordinator(
                replicas: replicas, r: quorum.r, policy: properties.policy,
                fanout: context.configuration.readFanout)
            begin(timeout: timeout) { id in
                GetOperation(
                    id: id, shard: self, key: key, policy: properties.policy, coordinator: coordinator,
                    timeout: timeout, completion: completion)
            }
        }
    }

    func coordinate(
        _ put: PutRequest, key: StorageKey, context clientContext: CausalContext, timeout: TimeAmount,
        isForwarded: Bool, _ completion: @escaping @Sendable (Response) -> Void
    ) {
        admit(completion) { () throws(RequestError) in
            let properties = properties(ofBucket: put.bucket)
            let quorum = try resolve(put.quorum, properties)
            let replicas = replicas(ofPartition: key.partition, n: quorum.n)
            guard replicas.contains(context.selfID) else {
                return try forward(.put(put), to: replicas, timeout, isForwarded, completion)
            }
            let intent = PutIntent(
                key: key, content: put.content,
                ttlSeconds: put.content == .tombstone
                    ? 0 : try context.configuration.timeToLive(put.ttlSeconds, properties),
                policy: properties.policy, returnSiblings: put.returnSiblings, seen: clientContext,
                deadline: loop.now + timeout,
                completion: completion)
            guard let condition = try put.condition.decoded(for: key) else {
                let coordinator = PutCoordinator(
                    local: context.selfID, sets: ReplicaSets(replicas), w: quorum.w, context: clientContext)
                return begin(timeout: timeout) { id in
                    PutOperation(id: id, shard: self, intent: intent, coordinator: coordinator)
                }
            }
            let coordinator = ConditionalPut(
                local: context.selfID, replicas: replicas, sets: ReplicaSets(replicas), r: quorum.r,
                w: quorum.w,
                policy: properties.policy,
                fanout: context.configuration.readFanout, condition: condition, context: clientContext)
            begin(timeout: timeout) { id in
                ConditionalPutOperation(id: id, shard: self, intent: intent, coordinator: coordinator)
            }
        }
    }

    /// Refuses what the shard's limit doesn't allow, and turns what `body` throws into the answer.
    func admit(
        _ completion: @Sendable (Response) -> Void, _ body: () throws(RequestError) -> Void
    ) {
        guard canBeginOperation else {
            return completion(.failed(RequestError(.overloaded, "the node has too many requests under way")))
        }
        do throws(RequestError) {
            try body()
        } catch {
            completion(.failed(error))
        }
    }

    func resolve(
        _ overrides: QuorumOverrides, _ properties: BucketProperties
    ) throws(RequestError) -> (n: Int, r: Int, w: Int) {
        try properties.resolved(overrides, replicationFactor: layout.replicationFactor)
    }

    /// Has a replica coordinate the request, since only a replica of the key may.
    private func forward(
        _ request: Request, to replicas: [NodeID], _ timeout: TimeAmount, _ isForwarded: Bool,
        _ completion: @escaping @Sendable (Response) -> Void
    ) throws(RequestError) {
        guard !isForwarded else {
            throw RequestError(.internal, "a request was forwarded to a node that is no replica of its key")
        }
        begin(timeout: timeout) { id in
            ForwardOperation(
                id: id, shard: self, request: request, replicas: replicas, timeout: timeout,
                completion: completion)
        }
    }
}

extension PutRequest.Condition {
    /// The condition with its token decoded; nil if there is none.
    fileprivate func decoded(for key: StorageKey) throws(RequestError) -> WriteCondition? {
        switch self {
        case .none: nil
        case .ifAbsent: .ifAbsent
        case .ifMatch(let token): .ifMatch(try causalContext(token, for: key).vector)
        }
    }
}
