import ClusterCore
import Testing

@Suite struct HandoffFallbackTests {
    private func layout(nodes: Int, partitions: Int = 64) throws -> Layout {
        try Layout.initial(
            members: (0..<nodes).map { Member(name: "n\($0)", address: "n\($0):1") },
            partitionCount: partitions, replicationFactor: 3)
    }

    @Test func allOthersAreFoundOnceAndNoReplica() throws {
        for nodes in [1, 2, 3, 4, 5, 8, 12] {
            let layout = try layout(nodes: nodes)
            for partition in 0..<64 {
                let replicas = layout.replicas(ofPartition: partition)
                let found = layout.fallbacks(ofPartition: partition, excluding: replicas, limit: 100)
                #expect(found.count == max(0, nodes - 3))
                #expect(Set(found).union(replicas) == Set(layout.members.map(\.id)))
            }
        }
    }

    @Test func theWalkBeginsBehindThePartition() throws {
        let layout = try layout(nodes: 9)
        for partition in 0..<64 {
            let replicas = layout.replicas(ofPartition: partition)
            let found = layout.fallbacks(ofPartition: partition, excluding: replicas, limit: 2)
            let walk = (1..<64).flatMap { layout.replicas(ofPartition: (partition + $0) % 64) }
            let others = walk.filter { !replicas.contains($0) }
            #expect(found.count == 2 && found[0] == others[0])
            #expect(found[1] == others.first { $0 != others[0] })
        }
    }

    @Test func aRingOfOnePartitionHasNoOthers() throws {
        let layout = try layout(nodes: 5, partitions: 1)
        let replicas = layout.replicas(ofPartition: 0)
        #expect(layout.fallbacks(ofPartition: 0, excluding: replicas, limit: 5) == [])
    }
}
