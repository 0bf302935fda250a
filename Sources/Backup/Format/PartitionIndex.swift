import ClusterCore

/// What a node had of a partition when it was backed up: which blocks, in the order of their keys, and where they are.
struct PartitionIndex: Equatable, Sendable {
    /// An object with blocks, as far as they are this partition's.
    struct Pack: Equatable, Sendable {
        /// The name within the partition's folder.
        var name: String
        var frames: [Frame]
    }

    /// A part of a pack.
    struct Frame: Equatable, Sendable {
        /// Where it begins in the pack, and how many bytes it has there.
        var offset: Int
        var storedCount: Int
        /// How many bytes it was made of.
        var count: Int
        /// `hash64` of the bytes in the pack.
        var checksum: UInt64
    }

    /// Where a block is.
    struct Place: Equatable, Sendable {
        /// Which of `packs`, and which of its frames.
        var pack: Int
        var frame: Int
        /// Within the bytes that the frame was made of.
        var offset: Int
        var count: Int
    }

    struct Entry: Equatable, Sendable {
        var id: BlockID
        var place: Place
    }

    /// Blocks of one bucket that follow each other.
    struct Run: Equatable, Sendable {
        var bucket: String
        var blocks: Int
        var rows: Int
    }

    var packs: [Pack] = []
    var blocks: [Entry] = []
    /// All blocks are in one of these.
    var runs: [Run] = []
    /// Over keys and states in the order of the keys (`KeyspaceDigest`), and their bytes.
    var digest: UInt64 = 0
    var bytes = 0

    var rows: Int { runs.reduce(0) { $0 + $1.rows } }
}

/// docs/formats.md has it byte by byte.
extension PartitionIndex {
    private static let formatVersion: UInt8 = 1

    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: blocks.count * (BlockID.byteCount + 3) + 1024)
        writer.u8(Self.formatVersion)
        writer.u64(digest)
        writer.int(bytes)
        writer.varint(UInt64(packs.count))
        for pack in packs {
            writer.string(pack.name)
            writer.varint(UInt64(pack.frames.count))
            for frame in pack.frames {
                writer.int(frame.offset)
                writer.int(frame.storedCount)
                writer.int(frame.count)
                writer.u64(frame.checksum)
            }
        }
        writer.varint(UInt64(runs.count))
        for run in runs {
            writer.string(run.bucket)
            writer.int(run.blocks)
            writer.int(run.rows)
        }
        writer.varint(UInt64(blocks.count))
        var expected: Place?
        for block in blocks {
            writer.u64(block.id.high)
            writer.u64(block.id.low)
            Self.encode(block.place, after: expected, into: &writer)
            expected = block.place
        }
        return writer.bytes
    }

    /// What follows the block before takes no more than its length.
    private static func encode(_ place: Place, after last: Place?, into writer: inout ByteWriter) {
        let follows = place.follows(last)
        writer.varint(UInt64(place.count) << 1 | (follows ? 1 : 0))
        if follows { return }
        writer.int(place.pack)
        writer.int(place.frame)
        writer.int(place.offset)
    }

    /// - Throws: `CodecError` for anything but one encoding, whole, whose places are all within their frames.
    init(_ encoded: [UInt8]) throws(CodecError) {
        var reader = ByteReader(encoded)
        let version = try reader.u8()
        guard version == Self.formatVersion else {
            throw CodecError(.unknownVersion(version), "a partition's index")
        }
        digest = try reader.u64()
        bytes = try reader.int()
        for _ in 0..<(try reader.count(minimumSize: 2)) { packs.append(try Self.pack(&reader)) }
        for _ in 0..<(try reader.count(minimumSize: 3)) { runs.append(try Self.run(&reader)) }
        let count = try reader.count(minimumSize: BlockID.byteCount + 1)
        blocks.reserveCapacity(count)
        for _ in 0..<count {
            let id = BlockID(try reader.raw(count: BlockID.byteCount))
            let place = try Self.place(&reader, after: blocks.last?.place)
            guard holds(place) else { throw CodecError(.malformed, "a block that is in no frame") }
            blocks.append(Entry(id: id, place: place))
        }
        try reader.expectEnd()
        guard runs.reduce(0, { $0 + $1.blocks }) == blocks.count else {
            throw CodecError(.malformed, "other blocks than the buckets have")
        }
    }

    private static func pack(_ reader: inout ByteReader) throws(CodecError) -> Pack {
        var pack = Pack(name: try reader.string(), frames: [])
        guard ArchiveNames.isPack(pack.name) else { throw CodecError(.malformed, "the name of a pack") }
        for _ in 0..<(try reader.count(minimumSize: 11)) {
            let frame = Frame(
                offset: try reader.size(), storedCount: try reader.size(), count: try reader.size(),
                checksum: try reader.u64())
            pack.frames.append(frame)
        }
        return pack
    }

    private static func run(_ reader: inout ByteReader) throws(CodecError) -> Run {
        let bucket = try reader.string()
        guard KeyLimits.accepts(bucket: bucket) else { throw CodecError(.malformed, "the name of a bucket") }
        return Run(bucket: bucket, blocks: try reader.size(), rows: try reader.size())
    }

    private static func place(
        _ reader: inout ByteReader, after last: Place?
    ) throws(CodecError) -> Place {
        let mark = try reader.varint()
        let count = Int(mark >> 1)
        if mark & 1 == 1 {
            guard let last else { throw CodecError(.malformed, "a first block that follows another") }
            return Place(pack: last.pack, frame: last.frame, offset: last.offset + last.count, count: count)
        }
        return Place(
            pack: try reader.size(), frame: try reader.size(), offset: try reader.size(), count: count)
    }

    private func holds(_ place: Place) -> Bool {
        guard packs.indices.contains(place.pack), packs[place.pack].frames.indices.contains(place.frame)
        else { return false }
        return place.count <= packs[place.pack].frames[place.frame].count - place.offset
    }
}

extension PartitionIndex.Place {
    func follows(_ last: PartitionIndex.Place?) -> Bool {
        guard let last else { return false }
        return pack == last.pack && frame == last.frame && offset == last.offset + last.count
    }
}

extension ByteReader {
    /// A number of bytes or of things, which computing with cannot bring to overflow.
    fileprivate mutating func size() throws(CodecError) -> Int {
        let value = try varint()
        guard value <= UInt64(UInt32.max) else { throw CodecError(.tooLarge, "a size of \(value)") }
        return Int(value)
    }
}
