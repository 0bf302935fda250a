/// How far the copying of partitions to a node has come, stored so that a restart goes on where it ended.
///
/// It counts for one duty alone, which `mark` names: what was copied for another may miss later writes.
public struct FillProgress: Equatable, Sendable {
    /// How far a source was read.
    struct Place: Equatable, Sendable {
        /// The last key that is stored.
        var position: StorageKey
        /// What the source had seen at each of the pages up to there.
        var seen: PartitionClock
    }

    private struct Copy: Hashable, Comparable, Sendable {
        var partition: Int
        var source: NodeID

        static func < (a: Self, b: Self) -> Bool { (a.partition, a.source) < (b.partition, b.source) }
    }

    /// Names the duty: the layout that is being filled, or the loss that is being made up for.
    public let mark: [UInt8]
    /// Nil once the source was read to its end.
    private var places: [Copy: Place?] = [:]

    public init(mark: [UInt8]) { self.mark = mark }

    func isDone(_ partition: Int, from source: NodeID) -> Bool {
        places[Copy(partition: partition, source: source)].map { $0 == nil } ?? false
    }

    func place(in partition: Int, from source: NodeID) -> Place? {
        places[Copy(partition: partition, source: source)] ?? nil
    }

    mutating func advance(in partition: Int, from source: NodeID, to place: Place) {
        places[Copy(partition: partition, source: source)] = place
    }

    mutating func finish(_ partition: Int, from source: NodeID) {
        places[Copy(partition: partition, source: source)] = .some(nil)
    }

    // MARK: As stored

    private static let formatVersion: UInt8 = 2

    /// `u8` version · mark (bytes) · list of partition (varint), source (`u64`), and whether it is under way: then its
    /// position (storage key) and clock.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.u8(Self.formatVersion)
        writer.bytes(mark)
        writer.varint(UInt64(places.count))
        for (copy, place) in places.sorted(by: { $0.key < $1.key }) {
            writer.int(copy.partition)
            writer.u64(copy.source.rawValue)
            writer.bool(place != nil)
            if let place {
                writer.bytes(place.position.bytes)
                place.seen.encode(into: &writer)
            }
        }
        return writer.bytes
    }

    /// - Throws: `CodecError` unless it is one encoding, whole.
    public static func decode(_ bytes: [UInt8]) throws(CodecError) -> FillProgress {
        var reader = ByteReader(bytes)
        let version = try reader.u8()
        guard version == formatVersion else { throw CodecError(.unknownVersion(version), "fill progress") }
        var progress = FillProgress(mark: try reader.bytes())
        for _ in 0..<(try reader.count(minimumSize: 10)) {
            let copy = Copy(partition: try reader.int(), source: NodeID(rawValue: try reader.u64()))
            guard try reader.bool() else {
                progress.places[copy] = .some(nil)
                continue
            }
            guard let key = StorageKey(bytes: try reader.bytes()), key.partition == copy.partition else {
                throw CodecError(.malformed, "a position outside of its partition")
            }
            progress.places[copy] = Place(position: key, seen: try PartitionClock.decode(&reader))
        }
        try reader.expectEnd()
        return progress
    }
}
