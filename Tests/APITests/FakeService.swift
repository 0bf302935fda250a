import Cluster
import ClusterCore
import Synchronization

/// A store of one replica in memory, with the checks of the real one that the API's tests rely on.
final class FakeService: KeyValueService {
    fileprivate struct State {
        var keys: [StorageKey: Versions] = [:]
        var counter: UInt64 = 0
        var properties: [String: BucketProperties] = [:]
        var held: [@Sendable () -> Void] = []
        var submitted: [Request] = []
        var traces: [TraceContext?] = []
        var isReady = true
        var isTracing = true
        var watches = true
        var restored: [RestoredRow] = []
        var restoreFailure: RequestError?
        var whenHeld: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    /// Its clock stands still.
    static let now: UInt64 = 1_000_000_000_000

    fileprivate let state = Mutex(State())
    let cluster = FakeCluster()

    var isReady: Bool {
        get { state.withLock { $0.isReady } }
        set { state.withLock { $0.isReady = newValue } }
    }

    var isTracing: Bool {
        get { state.withLock { $0.isTracing } }
        set { state.withLock { $0.isTracing = newValue } }
    }

    var partitionCount: Int { 256 }

    var servingNodes: [ServingNode] {
        ["a", "b", "c"].map {
            ServingNode(
                id: NodeID(name: $0), name: $0, host: "\($0).example", respPort: 7403, isSelf: $0 == "b")
        }
    }

    /// Of a node that was asked for three keys, one of them twice.
    static let report: WorkloadReport = {
        var sampler = WorkloadSampler(every: 1, shard: 0, of: 1)
        for key in ["a", "bb", "a"] {
            sampler.get(StorageKey(bucket: "b", key: Array(key.utf8), partitionCount: 256))
        }
        sampler.foundNothing()
        let put = StorageKey(bucket: "b", key: Array("ccc".utf8), partitionCount: 256)
        sampler.put(put, .value([1, 2, 3, 4, 5], contentType: ""))
        sampler.list(limit: 100)
        var shape = WorkloadShape()
        shape.add(sampler)
        return WorkloadReport(
            node: "node7", startedMillis: now, uptimeMillis: 1_500, sampleEvery: 1, shape: shape)
    }()

    /// Whether it tells of requests that were watched.
    var watches: Bool {
        get { state.withLock { $0.watches } }
        set { state.withLock { $0.watches = newValue } }
    }

    func workload(_ completion: @escaping @Sendable (WorkloadReport) -> Void) {
        var report = Self.report
        if !watches {
            report.sampleEvery = 0
            report.shape = WorkloadShape()
        }
        completion(report)
    }

    /// Every request so far, in order.
    var submitted: [Request] { state.withLock { $0.submitted } }

    /// The trace that each of them was said to be part of.
    var traces: [TraceContext?] { state.withLock { $0.traces } }

    /// Requests for a key "hold..." are answered only by `release`; a key "fail-<n>" fails with the error
    /// code n.
    func submit(
        _ request: Request, from source: RequestSource,
        _ completion: @escaping @Sendable (Response) -> Void
    ) {
        let waiters: [CheckedContinuation<Void, Never>]? = state.withLock { state in
            state.submitted.append(request)
            state.traces.append(source.trace)
            guard request.keyText.hasPrefix("hold") else { return nil }
            state.held.append { [self] in completion(serve(request)) }
            let count = state.held.count
            defer { state.whenHeld.removeAll { $0.count <= count } }
            return state.whenHeld.filter { $0.count <= count }.map(\.continuation)
        }
        if let waiters { waiters.forEach { $0.resume() } } else { completion(serve(request)) }
    }

    /// Waits until `count` requests are held.
    func held(_ count: Int) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isThere = state.withLock { state in
                if state.held.count < count { state.whenHeld.append((count, continuation)) }
                return state.held.count >= count
            }
            if isThere { continuation.resume() }
        }
    }

    /// Answers what is held, the latest first.
    func release() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for complete in held.reversed() { complete() }
    }

    func properties(ofBucket bucket: String) -> BucketProperties {
        state.withLock { $0.properties[bucket] ?? BucketProperties() }
    }

    func setProperties(_ properties: BucketProperties, ofBucket bucket: String) async throws {
        try properties.validate(replicationFactor: 3)
        state.withLock { $0.properties[bucket] = properties }
    }

    private func serve(_ request: Request) -> Response {
        if let code = request.failure {
            return .failed(RequestError(code, "as asked", replicasAnswered: 1, replicasNeeded: 2))
        }
        do {
            switch request {
            case .get(let get): return .read(try reading(key(get.bucket, get.key), get.quorum))
            case .put(let put): return try write(put)
            case .update(let update): return try change(update)
            case .list(let list): return page(list)
            }
        } catch let error as RequestError {
            return .failed(error)
        } catch {
            return .failed(RequestError(.invalidArgument, "\(error)"))
        }
    }

    private func key(_ bucket: String, _ key: [UInt8]) throws -> StorageKey {
        guard KeyLimits.accepts(bucket: bucket), KeyLimits.accepts(key: key) else {
            throw RequestError(.invalidArgument, "bad key or bucket")
        }
        return StorageKey(bucket: bucket, key: key, partitionCount: 256)
    }

    private func reading(_ key: StorageKey, _ quorum: QuorumOverrides) throws -> Reading {
        _ = try BucketProperties().resolved(quorum, replicationFactor: 3)
        let versions = state.withLock { $0.keys[key] } ?? Versions()
        return Reading(
            siblings: versions.reading(at: Self.now),
            context: ContextToken.encode(versions.causalContext, for: key))
    }

    private func write(_ put: PutRequest) throws -> Response {
        let key = try key(put.bucket, put.key)
        let before = try reading(key, put.quorum)
        switch put.condition {
        case .none: break
        case .ifAbsent where before.siblings.isEmpty: break
        case .ifMatch(let token) where token == before.context: break
        default: return .failed(RequestError(.preconditionFailed, "the condition doesn't hold"))
        }
        let seen = try ContextToken.decode(put.context, for: key)
        state.withLock { state in
            state.counter += 1
            state.keys[key, default: Versions()].write(
                put.content, dot: Dot(actor: 7, counter: state.counter),
                timestamp: Timestamp(milliseconds: 1_000 + state.counter),
                expiresAt: put.content == .tombstone
                    ? 0 : put.expiry.time(from: Self.now, BucketProperties()),
                context: seen, policy: .siblings)
        }
        let after = try reading(key, put.quorum)
        return .written(Reading(siblings: put.returnSiblings ? after.siblings : [], context: after.context))
    }

    private func change(_ update: UpdateRequest) throws -> Response {
        let key = try key(update.bucket, update.key)
        let outcome = state.withLock { state in
            var counter = state.counter
            defer { state.counter = counter }
            return state.keys[key, default: Versions()].update(
                update.change, by: 7, timestamp: Timestamp(milliseconds: 1_000 + counter), now: Self.now,
                state.properties[update.bucket] ?? BucketProperties()
            ) {
                counter += 1
                return Dot(actor: 7, counter: counter)
            }
        }
        switch outcome {
        case .success(let outcome): return .updated(outcome)
        case .failure(.wrongType): return .failed(RequestError(.wrongType, "as the store has it"))
        case .failure(.notANumber): return .failed(RequestError(.notANumber, "as the store has it"))
        case .failure(.outOfRange): return .failed(RequestError(.outOfRange, "as the store has it"))
        }
    }

    /// The cursor is the last key of the page before.
    private func page(_ list: ListRequest) -> Response {
        let keys = state.withLock { Array($0.keys) }
            .filter {
                $0.key.bucket == list.bucket && $0.value.siblings.contains { $0.content != .tombstone }
            }
            .map(\.key.key)
            .filter { $0.starts(with: list.prefix) && list.cursor.lexicographicallyPrecedes($0) }
            .sorted { $0.lexicographicallyPrecedes($1) }
        let page = Array(keys.prefix(list.limit))
        return .listed(Listing(keys: page, cursor: keys.count > page.count ? page.last : nil))
    }
}

extension Request {
    fileprivate var keyText: String {
        switch self {
        case .get(let get): String(decoding: get.key, as: UTF8.self)
        case .put(let put): String(decoding: put.key, as: UTF8.self)
        case .update(let update): String(decoding: update.key, as: UTF8.self)
        case .list: ""
        }
    }

    fileprivate var failure: RequestError.Code? {
        guard keyText.hasPrefix("fail-") else { return nil }
        return UInt8(keyText.dropFirst(5)).flatMap(RequestError.Code.init(rawValue:))
    }
}

extension FakeService: RestoreService {
    /// Rows that have come.
    var restored: [RestoredRow] { state.withLock(\.restored) }

    /// What rows are refused with; nil: they are taken.
    var restoreFailure: RequestError? {
        get { state.withLock(\.restoreFailure) }
        set { state.withLock { $0.restoreFailure = newValue } }
    }

    func restore(
        _ rows: [RestoredRow], _ completion: @escaping @Sendable (Result<Void, RequestError>) -> Void
    ) {
        let failure = state.withLock { state in
            if state.restoreFailure == nil { state.restored += rows }
            return state.restoreFailure
        }
        completion(failure.map(Result.failure) ?? .success(()))
    }

    func heldBuckets(
        _ names: [String], _ completion: @escaping @Sendable (Result<[String], RequestError>) -> Void
    ) {
        let there = Set(restored.map(\.bucket))
        completion(.success(names.filter(there.contains)))
    }
}
