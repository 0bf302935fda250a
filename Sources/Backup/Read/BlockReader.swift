import ClusterCore
import ObjectStorage

/// Reads the blocks of one partition, and keeps what it has fetched and unpacked, within bounds.
struct BlockReader {
    /// Bytes of packs, and of unpacked frames, that are kept for the next block.
    private static let maxKeptBytes = 64 << 20

    private struct FrameName: Hashable {
        var pack: String
        var number: Int
    }

    private let archive: Archive
    private let section: ArchiveNames.Section
    private let frames: FrameCodec
    private var packs = RecentBytes<String>(maxBytes: maxKeptBytes)
    private var unpacked = RecentBytes<FrameName>(maxBytes: maxKeptBytes)

    init(_ archive: Archive, _ section: ArchiveNames.Section) {
        self.archive = archive
        self.section = section
        // Reading goes by what is there.
        frames = FrameCodec(compressionLevel: 0, key: archive.key)
    }

    /// - Throws: `BackupError`: `damaged` if it, or the pack that it is in, is missing or anything but what was written.
    mutating func block(_ entry: PartitionIndex.Entry, of index: PartitionIndex) async throws(BackupError)
        -> Block
    {
        let pack = index.packs[entry.place.pack]
        let frame = try await frame(entry.place.frame, of: pack)
        let bytes = frame[entry.place.offset..<entry.place.offset + entry.place.count]
        let name = ArchiveNames.pack(pack.name, of: section)
        let found = archive.key?.name(of: Array(bytes)) ?? BlockID(Fingerprint(of: Array(bytes)).bytes)
        guard found == entry.id else { throw BackupError(.damaged, "a block in \(name) is not what it was") }
        do throws(CodecError) {
            return try Block(bytes)
        } catch {
            throw BackupError(error, in: "a block in \(name)")
        }
    }

    private mutating func frame(
        _ number: Int, of pack: PartitionIndex.Pack
    ) async throws(BackupError) -> [UInt8] {
        let key = FrameName(pack: pack.name, number: number)
        if let bytes = unpacked[key] { return bytes }
        let stored = try await bytes(of: pack.name)
        let frame = pack.frames[number]
        let name = ArchiveNames.pack(pack.name, of: section)
        guard frame.offset + frame.storedCount <= stored.count else {
            throw BackupError(.damaged, "\(name) is cut off: it has \(stored.count) bytes")
        }
        let part = stored[frame.offset..<frame.offset + frame.storedCount]
        guard hash64(Array(part)) == frame.checksum else {
            throw BackupError(.damaged, "\(name) is damaged: a checksum differs")
        }
        let bytes = try frames.decode(
            part, count: frame.count, as: ArchiveNames.frame(number, of: pack.name, section))
        unpacked[key] = bytes
        return bytes
    }

    private mutating func bytes(of pack: String) async throws(BackupError) -> [UInt8] {
        if let bytes = packs[pack] { return bytes }
        let name = ArchiveNames.pack(pack, of: section)
        guard let bytes = try await archive.store.read(name) else {
            throw BackupError(.damaged, "\(name) in \(archive.store.location) is missing")
        }
        packs[pack] = bytes
        return bytes
    }
}

/// Bytes by name, of which those go first that were not asked for longest.
private struct RecentBytes<Name: Hashable> {
    private let maxBytes: Int
    private var entries: [Name: (bytes: [UInt8], used: UInt64)] = [:]
    private var total = 0
    private var uses: UInt64 = 0

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    subscript(name: Name) -> [UInt8]? {
        mutating get {
            uses += 1
            entries[name]?.used = uses
            return entries[name]?.bytes
        }
        set {
            if let old = entries.removeValue(forKey: name) { total -= old.bytes.count }
            guard let newValue else { return }
            uses += 1
            // One is kept whatever its size.
            while total + newValue.count > maxBytes,
                let oldest = entries.min(by: { $0.value.used < $1.value.used })
            {
                entries[oldest.key] = nil
                total -= oldest.value.bytes.count
            }
            entries[name] = (newValue, uses)
            total += newValue.count
        }
    }
}
