import ClusterCore
import Engine
import NIOCore
import Synchronization

/// What clients ask.
extension ClusterNode: KeyValueService {
    public var isTracing: Bool { tracer != nil }

    public var isReady: Bool {
        if draining.load(ordering: .acquiring) { return false }
        let members = gate.view.layout.readable.members
        let reached = connectedPeers.withLock { peers in
            members.count { $0.id == selfID || peers[$0.id] != nil }
        }
        return reached > members.count / 2
    }

    public func properties(ofBucket bucket: String) -> BucketProperties {
        registry.current.properties(of: bucket) ?? configuration.bucketDefaults
    }

    public func setProperties(_ properties: BucketProperties, ofBucket bucket: String) async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            setProperties(properties, ofBucket: bucket) { done.resume(with: $0) }
        }
    }

    /// As above; calls `completion` once, on the caller's thread, an event loop or the engine's writer thread.
    public func setProperties(
        _ properties: BucketProperties, ofBucket bucket: String,
        _ completion: @escaping @Sendable (Result<Void, RequestError>) -> Void
    ) {
        do throws(RequestError) {
            try configuration.check(bucket: bucket)
            try properties.validate(replicationFactor: configuration.layout.replicationFactor)
            let timestamp = Timestamp(milliseconds: environment.wallMillis())
            try registry.set(properties, of: bucket, at: timestamp)
        } catch {
            return completion(.failure(error))
        }
        storeBuckets { result in
            if case .failure(let error) = result {
                return completion(.failure(RequestError(.internal, error.description)))
            }
            let shard = self.shards[0]
            shard.perform { self.spreadBuckets(from: shard, completion) }
        }
    }

    /// Sends the table to every peer; done when a majority of the nodes has it.
    private func spreadBuckets(
        from shard: Shard, _ completion: @escaping @Sendable (Result<Void, RequestError>) -> Void
    ) {
        let peers = gate.view.layout.readable.members.map(\.id).filter { $0 != selfID }
        let timeout = configuration.defaultTimeout
        shard.begin(timeout: timeout) { id in
            BroadcastOperation(
                id: id, shard: shard, body: .buckets(registry.current), to: peers, timeout: timeout,
                completion: completion)
        }
    }

    /// Brings the table to the shards and to the disk.
    func storeBuckets(whenDone: @escaping @Sendable (Result<Void, EngineError>) -> Void) {
        let table = registry.current
        forEachShard { $0.update(table) }
        // What is current then: two changes may come here in the other order.
        onEntropy { [registry] in $0.use(registry.current) }
        registry.persist(whenDone: whenDone)
    }
}

extension ClusterNode {
    /// Checks a request and takes it to its shard.
    public func submit(
        _ request: Request, from source: RequestSource,
        _ completion: @escaping @Sendable (Response) -> Void
    ) {
        let kind = RequestKind(request)
        let isForwarded = source.origin == .peer
        // On the shard's loop, so that the times are by its clock. `came` is nil where nobody had to wait for that loop.
        @Sendable func attempt(
            _ timeout: TimeAmount, _ shard: Shard, came: NIODeadline?, byteCount: Int = 0
        ) -> Attempt {
            let now = shard.now
            return Attempt(
                submitted: came ?? now, begun: now, deadline: now + timeout, origin: source.origin,
                kind: kind, user: source.user, byteCount: byteCount, completion: completion,
                clientTrace: source.trace,
                trace: shard.beginTrace(source))
        }
        do throws(RequestError) {
            guard !draining.load(ordering: .acquiring) else {
                throw RequestError(.shuttingDown, "the node is shutting down")
            }
            switch request {
            case .get(let get):
                let key = try configuration.storageKey(bucket: get.bucket, key: get.key)
                let timeout = try configuration.timeout(millis: get.timeoutMillis)
                let shard = shard(ofPartition: key.partition)
                let came = shard.timeToHand
                shard.perform {
                    if !isForwarded { shard.workload?.get(key) }
                    shard.coordinate(get, key: key, attempt(timeout, shard, came: came))
                }
            case .put(let put):
                let key = try configuration.storageKey(bucket: put.bucket, key: put.key)
                try configuration.check(put.content)
                let context = try causalContext(put.context, for: key)
                let timeout = try configuration.timeout(millis: put.timeoutMillis)
                let shard = shard(ofPartition: key.partition)
                let came = shard.timeToHand
                shard.perform {
                    if !isForwarded { shard.workload?.put(key, put.content) }
                    let byteCount = put.content.byteCount
                    shard.coordinate(
                        put, key: key, context: context,
                        attempt(timeout, shard, came: came, byteCount: byteCount))
                }
            case .update(let update):
                let key = try configuration.storageKey(bucket: update.bucket, key: update.key)
                try configuration.check(update.change)
                let timeout = try configuration.timeout(millis: update.timeoutMillis)
                let shard = shard(ofPartition: key.partition)
                let came = shard.timeToHand
                shard.perform {
                    if !isForwarded { shard.workload?.update(key) }
                    shard.coordinate(
                        update, key: key,
                        attempt(timeout, shard, came: came, byteCount: update.change.byteCount))
                }
            case .list(let list):
                try configuration.check(bucket: list.bucket)
                try configuration.check(prefix: list.prefix)
                let timeout = try configuration.timeout(millis: list.timeoutMillis)
                let cursor = try ListCursor.decode(
                    list.cursor, bucket: list.bucket, partitionCount: configuration.layout.partitionCount)
                let shard = shards[0]
                let came = shard.timeToHand
                shard.perform {
                    if !isForwarded { shard.workload?.list(limit: list.limit) }
                    shard.coordinate(list, cursor: cursor, attempt(timeout, shard, came: came))
                }
            }
        } catch {
            failures.refused(source.origin, kind, error.code)
            tracer?.refused(request, from: source, with: error)
            completion(.failed(error))
        }
    }
}

extension Shard {
    /// When a request is handed to the loop from another thread; nil on the loop itself, where it is taken up at once, and
    /// where nobody asks how long requests took.
    fileprivate var timeToHand: NIODeadline? {
        let isOfUse = context.slowRequests != nil || context.tracer != nil
        return isOfUse && !loop.inEventLoop ? loop.now : nil
    }
}
