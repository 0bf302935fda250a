import ClusterCore

/// Makes blocks of the rows of a partition, in the order of their keys, and packs of those blocks that an archive lacks.
///
/// Holds one pack and one frame in memory, and of each block its name and its place.
struct SectionWriter {
    /// What was not there already.
    struct Counts: Equatable, Sendable {
        var newBlocks = 0
        /// Of packs.
        var sentBytes = 0
    }

    private let section: ArchiveNames.Section
    private let settings: BackupSettings
    private let known: KnownBlocks
    private let put: (_ name: String, _ bytes: [UInt8]) throws(BackupError) -> Void
    private var cutter: BlockCutter
    private var bucket = ""
    private var rows: [BackupRow] = []
    private var index = PartitionIndex()
    /// Blocks that this writer has made, by where they are.
    private var made: [BlockID: PartitionIndex.Place] = [:]
    /// The place among `index.packs` of a pack that is used again.
    private var reused: [String: Int] = [:]
    /// The place among `index.packs` of the pack that is being filled.
    private var open: Int?
    private var pack: [UInt8] = []
    private var frame: [UInt8] = []
    private(set) var counts = Counts()

    /// - Parameter put: Stores an object; may block.
    init(
        _ section: ArchiveNames.Section, settings: BackupSettings, known: KnownBlocks,
        put: @escaping (_ name: String, _ bytes: [UInt8]) throws(BackupError) -> Void
    ) {
        self.section = section
        self.settings = settings
        self.known = known
        self.put = put
        cutter = BlockCutter(blockBytes: settings.blockBytes)
    }

    /// Adds the row of a key that follows all that were added before.
    mutating func add(_ key: StorageKey, state: [UInt8]) throws(BackupError) {
        if cutter.endsBefore(key) || rows.isEmpty {
            try endBlock()
            bucket = key.bucket
        }
        let row = BackupRow(bucket: bucket, key: key.key, state: state)
        rows.append(row)
        if cutter.endsAfter(key, rowBytes: row.byteCount) { try endBlock() }
    }

    /// - Returns: All blocks, and where they are, once all that is new is stored.
    mutating func finish() throws(BackupError) -> PartitionIndex {
        try endBlock()
        try endFrame()
        try endPack()
        return index
    }

    // MARK: Blocks

    private mutating func endBlock() throws(BackupError) {
        guard !rows.isEmpty else { return }
        let bytes = Block(bucket: bucket, rows: rows).encoded()
        note(rows.count)
        rows.removeAll(keepingCapacity: true)
        let id = settings.key?.name(of: bytes) ?? BlockID(Fingerprint(of: bytes).bytes)
        if let place = made[id] ?? reuse(id) {
            return index.blocks.append(.init(id: id, place: place))
        }
        let place = PartitionIndex.Place(
            pack: openPack(), frame: index.packs[openPack()].frames.count, offset: frame.count,
            count: bytes.count)
        counts.newBlocks += 1
        made[id] = place
        index.blocks.append(.init(id: id, place: place))
        frame += bytes
        if frame.count >= FrameCodec.targetBytes { try endFrame() }
    }

    /// Adds a block and its rows to those of its bucket.
    private mutating func note(_ rowCount: Int) {
        if let last = index.runs.indices.last, index.runs[last].bucket == bucket {
            index.runs[last].blocks += 1
            index.runs[last].rows += rowCount
        } else {
            index.runs.append(.init(bucket: bucket, blocks: 1, rows: rowCount))
        }
    }

    /// Where the block is, if the archive has it.
    private mutating func reuse(_ id: BlockID) -> PartitionIndex.Place? {
        guard let source = known.source(of: id) else { return nil }
        var place = source.place
        if let number = reused[source.pack.name] {
            place.pack = number
        } else {
            place.pack = index.packs.count
            reused[source.pack.name] = place.pack
            index.packs.append(source.pack)
        }
        return place
    }

    // MARK: Packs

    /// The pack that is being filled; a new one if there is none.
    private mutating func openPack() -> Int {
        if let open { return open }
        index.packs.append(.init(name: ArchiveNames.newPack(), frames: []))
        let number = index.packs.count - 1
        open = number
        return number
    }

    private mutating func endFrame() throws(BackupError) {
        guard !frame.isEmpty, let open else { return }
        let place = ArchiveNames.frame(index.packs[open].frames.count, of: index.packs[open].name, section)
        let stored = try settings.frames.encode(frame, as: place)
        index.packs[open].frames.append(
            .init(
                offset: pack.count, storedCount: stored.count, count: frame.count,
                checksum: hash64(stored)))
        pack += stored
        frame.removeAll(keepingCapacity: true)
        if pack.count >= settings.packBytes { try endPack() }
    }

    private mutating func endPack() throws(BackupError) {
        guard let number = open else { return }
        try put(ArchiveNames.pack(index.packs[number].name, of: section), pack)
        counts.sentBytes += pack.count
        pack = []
        open = nil
    }
}
