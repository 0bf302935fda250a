import ClusterCore
import Glibc

/// Makes rows as a replica stores them: a key with its partition and bucket, and a state that has a value, which write it is, what that
/// write had seen, and a time.
struct RowMaker {
    /// As many as a cluster has by default.
    static let partitions = 256

    let bucket: String
    private let actors: [UInt64]
    /// A key's state to which each coordinator has written once, without what the next write replaces.
    private let written: Versions
    private var counter: UInt64 = 1

    /// - Parameter coordinators: Nodes that write to a key in turn: its state names all of them.
    init(bucket: String, coordinators: Int) {
        precondition(coordinators > 0, "somebody coordinates a write")
        self.bucket = bucket
        // Spread like the nodes' own, which are drawn at random.
        actors = (1...coordinators).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
        var versions = Versions()
        for actor in actors {
            versions.write(
                .tombstone, dot: Dot(actor: actor, counter: counter), timestamp: Timestamp(),
                context: CausalContext(), policy: .lastWriteWins)
        }
        written = versions
    }

    func key(_ key: [UInt8]) -> [UInt8] {
        StorageKey(bucket: bucket, key: key, partitionCount: Self.partitions).bytes
    }

    /// The state of a key after a write; of `nil`, a delete.
    ///
    /// - Parameter isNew: Whether it is the first write to the key.
    mutating func state(_ value: [UInt8]?, isNew: Bool) -> [UInt8] {
        counter += 1
        var versions = isNew ? Versions() : written
        let actor = actors[Int(counter % UInt64(actors.count))]
        versions.write(
            value.map { .value($0, contentType: "") } ?? .tombstone, dot: Dot(actor: actor, counter: counter),
            timestamp: Timestamp(milliseconds: Self.wallMillis), context: CausalContext(),
            policy: .lastWriteWins)
        return VersionsCodec.encode(versions)
    }

    /// The keys of the bucket that begin with `prefix`, a range in each partition, as a replica looks for them.
    func ranges(_ prefix: [UInt8]) -> [[UInt8]] {
        (0..<Self.partitions).map { StorageKey.bucketPrefix(partition: $0, bucket: bucket) + prefix }
    }

    private static var wallMillis: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
