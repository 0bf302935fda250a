import ClusterCore
import NIOCore

/// How a request becomes an operation of the shard.
extension Shard {
    func coordinate(_ get: GetRequest, key: StorageKey, _ attempt: Attempt) {
        admit(attempt, about: .key(key)) { () throws(RequestError) in
            let (properties, quorum, sets) = try terms(of: key, get.bucket, get.quorum, attempt)
            guard sets.readable.contains(context.selfID) else {
                return try forward(.get(get), key, to: readable(sets), attempt) {
                    self.coordinate(get, key: key, $0)
                }
            }
            let coordinator = GetCoordinator(
                replicas: readable(sets), r: quorum.r, policy: properties.policy,
                fanout: context.configuration.readFanout,
                fallbacks: fallbacks(for: sets, ofPartition: key.partition, properties.quorum))
            begin(attempt) { id in
                GetOperation(
                    id: id, shard: self, request: get, key: key, policy: properties.policy,
                    coordinator: coordinator, attempt: attempt)
            }
        }
    }

    func coordinate(
        _ put: PutRequest, key: StorageKey, context clientContext: CausalContext, _ attempt: Attempt
    ) {
        admit(attempt, about: .key(key)) { () throws(RequestError) in
            let (properties, quorum, sets) = try terms(of: key, put.bucket, put.quorum, attempt)
            guard sets.readable.contains(context.selfID) else {
                return try forward(.put(put), key, to: readable(sets), attempt) {
                    self.coordinate(put, key: key, context: clientContext, $0)
                }
            }
            var clientContext = clientContext
            if properties.policy == .siblings {
                clientContext.latest = max(clientContext.latest, put.forwardedAt)
            }
            try context.configuration.check(put.expiry)
            let fallbacks = fallbacks(for: sets, ofPartition: key.partition, properties.quorum)
            try checkRoomForHints(sets, fallbacks: fallbacks)
            let intent = WriteIntent(
                request: .put(put), key: key, properties: properties, seen: clientContext, attempt: attempt)
            guard let condition = try put.condition(for: key, properties.policy) else {
                let coordinator = PutCoordinator(
                    local: context.selfID, sets: sets, w: quorum.w, context: clientContext,
                    fallbacks: fallbacks)
                return begin(attempt) { id in
                    PutOperation(id: id, shard: self, intent: intent, coordinator: coordinator)
                }
            }
            begin(intent, if: condition, sets, quorum, fallbacks)
        }
    }

    func coordinate(_ update: UpdateRequest, key: StorageKey, _ attempt: Attempt) {
        admit(attempt, about: .key(key)) { () throws(RequestError) in
            let (properties, quorum, sets) = try terms(of: key, update.bucket, update.quorum, attempt)
            guard sets.readable.contains(context.selfID) else {
                return try forward(.update(update), key, to: readable(sets), attempt) {
                    self.coordinate(update, key: key, $0)
                }
            }
            let fallbacks = fallbacks(for: sets, ofPartition: key.partition, properties.quorum)
            try checkRoomForHints(sets, fallbacks: fallbacks)
            let intent = WriteIntent(
                request: .update(update), key: key, properties: properties, seen: CausalContext(),
                attempt: attempt)
            begin(intent, if: .none, sets, quorum, fallbacks)
        }
    }

    /// Once more, from the beginning.
    func coordinate(_ intent: WriteIntent, _ attempt: Attempt) {
        switch intent.request {
        case .put(let put): coordinate(put, key: intent.key, context: intent.seen, attempt)
        case .update(let update): coordinate(update, key: intent.key, attempt)
        }
    }

    /// Begins a write that follows a reading.
    private func begin(
        _ intent: WriteIntent, if condition: WriteCondition, _ sets: ReplicaSets,
        _ quorum: (n: Int, r: Int, w: Int), _ fallbacks: [NodeID]
    ) {
        let coordinator = ConditionalPut(
            local: context.selfID, replicas: readable(sets), sets: sets, r: quorum.r, w: quorum.w,
            policy: intent.policy, fanout: context.configuration.readFanout, condition: condition,
            context: intent.seen, fallbacks: fallbacks)
        begin(intent.attempt) { id in
            ConditionalPutOperation(id: id, shard: self, intent: intent, coordinator: coordinator)
        }
    }

    /// Refuses what the shard's limits don't allow, and turns what `body` throws into the answer.
    func admit(
        _ attempt: Attempt, about subject: @autoclosure () -> RequestSubject,
        _ body: () throws(RequestError) -> Void
    ) {
        do throws(RequestError) {
            if let bound = load.bound(for: attempt.byteCount) {
                meter.refused(by: bound)
                throw bound.error
            }
            try body()
        } catch {
            answer(attempt, .failed(error), about: subject())
        }
    }

    /// By what a request for a key is served.
    private func terms(
        of key: StorageKey, _ bucket: String, _ overrides: QuorumOverrides, _ attempt: Attempt
    ) throws(RequestError) -> (BucketProperties, quorum: (n: Int, r: Int, w: Int), ReplicaSets) {
        let properties = properties(ofBucket: bucket)
        let quorum = try resolve(overrides, properties)
        attempt.trace?.quorum = quorum
        return (properties, quorum, view.layout.replicas(ofPartition: key.partition, n: quorum.n))
    }

    func resolve(
        _ overrides: QuorumOverrides, _ properties: BucketProperties
    ) throws(RequestError) -> (n: Int, r: Int, w: Int) {
        try properties.resolved(overrides, replicationFactor: view.layout.readable.replicationFactor)
    }

    /// Has a replica coordinate the request, since only a replica of the key may.
    private func forward(
        _ request: Request, _ key: StorageKey, to replicas: [NodeID], _ attempt: Attempt,
        again: @escaping (Attempt) -> Void
    ) throws(RequestError) {
        guard !attempt.isForwarded else {
            throw RequestError(.layoutChanging, "by its layout, this node is no replica of the key")
        }
        begin(attempt) { id in
            ForwardOperation(
                id: id, shard: self, request: request, key: key, replicas: replicas, attempt: attempt,
                again: again)
        }
    }
}

extension PutRequest {
    /// The condition with its token decoded; nil if there is none.
    fileprivate func condition(
        for key: StorageKey, _ policy: Versions.Policy
    ) throws(RequestError) -> WriteCondition? {
        switch condition {
        case .none: nil
        case .ifAbsent: .ifAbsent
        case .ifMatch(let token): .ifMatch(try causalContext(token, for: key).vector)
        case .repeated: .repeating(content, since: forwardedAt, policy)
        }
    }
}
