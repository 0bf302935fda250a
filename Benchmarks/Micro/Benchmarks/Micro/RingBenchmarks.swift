import Benchmark
import ClusterCore

/// From a key to the nodes that have it.
func registerRing() {
    let ring = Ring()
    measure("ring.lookup") {
        let key = StorageKey(bucket: "carts", key: ring.key, partitionCount: 256)
        let sets = ring.view.replicas(ofPartition: key.partition, n: 3)
        precondition(sets.readable.count == 3)
        blackHole(key)
    }
    let partition = ring.place.partition
    measure("ring.replicas") {
        precondition(ring.view.replicas(ofPartition: partition, n: 3).readable.count == 3)
    }
}

/// Five nodes, and a key on three of them.
struct Ring {
    let key = Array("key:000000000001".utf8)
    let view: LayoutView

    init() {
        let members = (0..<5).map { Member(name: "node\($0)", address: "10.0.0.\($0):7401") }
        guard let layout = try? Layout.initial(members: members) else { fatalError("no layout") }
        view = LayoutHistory(layout).view(for: members[0].id)
    }

    /// Where the key lies.
    var place: StorageKey { StorageKey(bucket: "carts", key: key, partitionCount: 256) }

    /// Who has the key.
    var replicas: ReplicaSets { view.replicas(ofPartition: place.partition, n: 3) }
}
