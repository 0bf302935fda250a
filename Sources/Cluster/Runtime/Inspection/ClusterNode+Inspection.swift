import ClusterCore
import NIOCore
import Synchronization

extension ClusterNode: InspectionService {
    public var bucketsWithProperties: [(name: String, properties: BucketProperties)] {
        let table = registry.current
        return table.buckets.compactMap { name in table.properties(of: name).map { (name, $0) } }
    }

    public func holdings(
        ofBucket bucket: String, key: [UInt8],
        _ completion: @escaping @Sendable (Result<[KeyHolding], RequestError>) -> Void
    ) {
        let place: StorageKey
        do throws(RequestError) {
            guard !draining.load(ordering: .acquiring) else {
                throw RequestError(.shuttingDown, "the node is shutting down")
            }
            place = try configuration.storageKey(bucket: bucket, key: key)
        } catch {
            return completion(.failure(error))
        }
        let shard = shard(ofPartition: place.partition)
        let wallMillis = environment.wallMillis
        shard.perform {
            let n = shard.properties(ofBucket: bucket).n
            let nodes = shard.view.layout.replicas(ofPartition: place.partition, n: n).targets
            let timeout = self.configuration.defaultTimeout
            shard.begin(timeout: timeout) { id in
                KeyInspection(id: id, shard: shard, key: place, nodes: nodes, timeout: timeout) { answers in
                    let now = wallMillis()
                    completion(.success(zip(nodes, answers).map { KeyHolding($0, $1, at: now) }))
                }
            }
        }
    }
}

extension KeyHolding {
    /// - Parameter now: Milliseconds since 1970.
    fileprivate init(_ node: NodeID, _ answer: Result<Versions?, ReplicaError>, at now: UInt64) {
        let state: State =
            switch answer {
            case .success(nil): .absent
            case .success(let versions?) where versions.isEmpty: .absent
            case .success(let versions?): versions.isLive(at: now) ? .present(versions) : .deleted(versions)
            case .failure(let error): .unknown(error)
            }
        self.init(node: node, state: state)
    }
}
