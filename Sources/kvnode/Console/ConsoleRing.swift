import Cluster
import ClusterCore

/// Which members hold which partitions, in JSON.
struct ConsoleRing: Encodable {
    struct Member: Encodable, Equatable {
        var name, zone: String
    }

    /// Of the layout that reads go by.
    var version: UInt64
    /// All that are in a layout, by name.
    var members: [Member]
    /// The replicas of each partition, those that reads ask first: places in `members`.
    var partitions: [[Int]]
    /// The same by the layout that the open change leads to; left out if there is none.
    var after: [[Int]]?

    init(_ history: LayoutHistory) {
        let known = history.knownMembers
        let places = Dictionary(known.enumerated().map { ($1.id, $0) }) { first, _ in first }
        version = history.current.version
        members = known.map { Member(name: $0.name, zone: $0.zone) }
        partitions = Self.replicas(history.current, places)
        after = history.next.map { Self.replicas($0, places) }
    }

    private static func replicas(_ layout: Layout, _ places: [NodeID: Int]) -> [[Int]] {
        (0..<layout.partitionCount).map { partition in
            layout.replicas(ofPartition: partition).compactMap { places[$0] }
        }
    }
}
