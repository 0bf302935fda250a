import ClusterCore
import NIOCore
import Synchronization

extension ClusterNode: RestoreService {
    public func restore(
        _ rows: [RestoredRow], _ completion: @escaping @Sendable (Result<Void, RequestError>) -> Void
    ) {
        let states: [State]
        do throws(RequestError) {
            guard !draining.load(ordering: .acquiring) else {
                throw RequestError(.shuttingDown, "the node is shutting down")
            }
            states = try rows.map { (row) throws(RequestError) in try State(row, configuration) }
        } catch {
            return completion(.failure(error))
        }
        let outcome = RestoreOutcome(awaiting: states.count, completion)
        if states.isEmpty { return outcome.end() }
        let byShard = Dictionary(grouping: states) { shardIndex(ofPartition: $0.key.partition) }
        for (index, group) in byShard {
            let shard = shards[index]
            shard.perform { for state in group { self.deliver(state, on: shard, outcome) } }
        }
    }

    public func heldBuckets(
        _ names: [String], _ completion: @escaping @Sendable (Result<[String], RequestError>) -> Void
    ) {
        let shard = shards[0]
        shard.perform {
            self.ask(of: names.filter(KeyLimits.accepts(bucket:))[...], [], on: shard, completion)
        }
    }

    /// Asks of one bucket after the other.
    ///
    /// - Parameter held: What was found so far.
    private func ask(
        of names: ArraySlice<String>, _ held: [String], on shard: Shard,
        _ completion: @escaping @Sendable (Result<[String], RequestError>) -> Void
    ) {
        guard let name = names.first else { return completion(.success(held)) }
        let timeout = configuration.defaultTimeout
        shard.begin(timeout: timeout) { id in
            HeldOperation(
                id: id, shard: shard, bucket: name, partitionCount: configuration.layout.partitionCount,
                timeout: timeout
            ) { result in
                switch result {
                case .success(let isHeld):
                    // Not within the operation's last step.
                    shard.loop.execute {
                        self.ask(of: names.dropFirst(), held + (isHeld ? [name] : []), on: shard, completion)
                    }
                case .failure(let error): completion(.failure(error))
                }
            }
        }
    }

    /// To all replicas: a backup is restored to a cluster whose nodes all run.
    private func deliver(_ state: State, on shard: Shard, _ outcome: RestoreOutcome) {
        let properties = shard.properties(ofBucket: state.key.bucket)
        let sets = shard.view.layout.replicas(ofPartition: state.key.partition, n: properties.n)
        let timeout = configuration.defaultTimeout
        shard.begin(timeout: timeout) { id in
            StateDelivery(
                id: id, shard: shard, key: state.key, versions: state.versions, policy: properties.policy,
                sets: sets, w: min(sets.primary.count, sets.secondary.count), timeout: timeout
            ) { outcome.note($0, of: state.key) }
        }
    }

    private struct State: Sendable {
        var key: StorageKey
        var versions: Versions

        init(_ row: RestoredRow, _ configuration: ClusterConfiguration) throws(RequestError) {
            key = try configuration.storageKey(bucket: row.bucket, key: row.key)
            do throws(CodecError) {
                versions = try VersionsCodec.decode(row.state)
            } catch {
                throw RequestError(
                    .invalidArgument, "the state of a key in bucket \(row.bucket) cannot be read: \(error)")
            }
        }
    }
}

/// What has become of the rows of one call.
private final class RestoreOutcome: Sendable {
    private struct State {
        var awaited: Int
        var failure: RequestError?
    }

    private let state: Mutex<State>
    private let completion: @Sendable (Result<Void, RequestError>) -> Void

    init(awaiting count: Int, _ completion: @escaping @Sendable (Result<Void, RequestError>) -> Void) {
        state = Mutex(State(awaited: count))
        self.completion = completion
    }

    func end() { completion(.success(())) }

    func note(_ failure: ReplicaError?, of key: StorageKey) {
        let ended = state.withLock { state -> State? in
            state.awaited -= 1
            if let failure, state.failure == nil { state.failure = RequestError(failure, of: key) }
            return state.awaited == 0 ? state : nil
        }
        guard let ended else { return }
        completion(ended.failure.map(Result.failure) ?? .success(()))
    }
}

extension RequestError {
    fileprivate init(_ failure: ReplicaError, of key: StorageKey) {
        let message =
            "not all replicas of a key in partition \(key.partition) have stored it: \(failure.message)"
        switch failure.code {
        case .noSpace: self.init(.noSpace, message)
        case .overloaded: self.init(.overloaded, message)
        case .outdated: self.init(.layoutChanging, message)
        default: self.init(.quorumNotReached, message)
        }
    }
}
