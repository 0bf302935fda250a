/// How far the copying of partitions to a node has come, stored so that a restart goes on where it ended.
///
/// It counts for one duty alone, which `mark` names: what was copied for another may miss later writes.
public struct FillProgress: Equatable, Sendable {
    private struct Place: Equatable, Sendable {
        /// The last key that is stored; nil once the source was read to its end.
        var position: StorageKey?
    }

    private struct Copy: Hashable, Comparable, Sendable {
        var partition: Int
        var source: NodeID

        static func < (a: Self, b: Self) -> Bool { (a.partition, a.source) < (b.partition, b.source) }
    }

    /// Names the duty: the layout that is being filled, or the loss that is being made up for.
    public let mark: [UInt8]
    private var places: [Copy: Place] = [:]

    public init(mark: [UInt8]) { self.mark = mark }

    func isDone(_ partition: Int, from source: NodeID) -> Bool {
        places[Copy(partition: partition, source: source)].map { $0.position == nil } ?? false
    }

    func position(in partition: Int, from source: NodeID) -> StorageKey? {
        places[Copy(partition: partition, source: source)]?.position
    }

    mutating func advance(in partition: Int, from source: NodeID, to key: StorageKey) {
        places[Copy(partition: partition, source: source)] = Place(position: key)
    }

    mutating func finish(_ partition: Int, from source: NodeID) {
        places[Copy(partition: partition, source: source)] = Place(position: nil)
    }

    // MARK: As stored

    private static let formatVersion: UInt8 = 1

    /// `u8` version · mark (bytes) · list of partition (varint), source (`u64`), position (optional storage key).
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.u8(Self.formatVersion)
        writer.bytes(mark)
        writer.varint(UInt64(places.count))
        for (copy, place) in places.sorted(by: { $0.key < $1.key }) {
            writer.int(copy.partition)
            writer.u64(copy.source.rawValue)
            writer.bool(place.position != nil)
            if let position = place.position { writer.bytes(position.bytes) }
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
                progress.places[copy] = Place(position: nil)
                continue
            }
            guard let key = StorageKey(bytes: try reader.bytes()), key.partition == copy.partition else {
                throw CodecError(.malformed, "a position outside of its partition")
            }
            progress.places[copy] = Place(position: key)
        }
        try reader.expectEnd()
        return progress
    }
}
