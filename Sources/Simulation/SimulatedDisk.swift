import ClusterCore
import Engine

/// What lies on a node's disk. It outlives the node's runs, and loses what a real one would.
final class SimulatedDisk {
    private(set) var image = MemoryImage()
    /// Names this disk's data: a copy has another.
    private(set) var dataID: String
    /// Writes fail, as on a full disk.
    var isFull = false
    /// How much longer everything takes.
    var slowness: UInt64 = 1
    private var synced = MemoryImage()
    /// What the disk held after each write since the last flush, oldest first, as far as it is remembered.
    private var unsynced: [MemoryImage] = []
    private static let remembered = 64
    /// The disk with what it refused and the next run may find all the same, if there is any, and the batches of that.
    private var surprise: (image: MemoryImage, refused: [WriteBatch])?
    private let name: String
    private var generation = 0

    init(node: String) {
        name = node
        dataID = "\(node)-0"
    }

    /// Of all rows of data.
    func keys() throws(EngineError) -> [StorageKey] {
        try image.scan(.data, .all).rows.compactMap { StorageKey(bytes: $0.key) }
    }

    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        if isFull { throw EngineError(.noSpace, "the simulated disk is full") }
        try image.apply(batch)
        try surprise?.image.apply(batch)
        if durability == .synced { return flush() }
        unsynced.append(image)
        if unsynced.count > Self.remembered { unsynced.removeFirst() }
    }

    /// What is refused is in the files nevertheless: its last step alone has failed.
    func keepRefused(_ batch: WriteBatch) throws(EngineError) {
        var files = surprise ?? (image, [])
        try files.image.apply(batch)
        files.refused.append(batch)
        surprise = files
    }

    /// The files are opened again.
    ///
    /// - Returns: What was refused and is there now.
    func open(findsRefused: Bool) -> [WriteBatch] {
        defer { surprise = nil }
        guard findsRefused, let surprise else { return [] }
        image = surprise.image
        unsynced.append(image)
        return surprise.refused
    }

    func remove(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) {
        image.remove(keyspace, range)
        surprise?.image.remove(keyspace, range)
        unsynced.append(image)
    }

    func flush() {
        synced = image
        unsynced = []
    }

    /// Power goes: the writes since the last flush are gone, from some write on.
    ///
    /// - Returns: Whether anything was lost.
    func losePower(_ random: inout SplitMix64) -> Bool {
        let kept = random.next(below: unsynced.count + 1)
        let isLoss = kept < unsynced.count
        image = kept == 0 ? synced : unsynced[kept - 1]
        surprise = nil
        flush()
        return isLoss
    }

    /// A new, empty disk in its place.
    func wipe() { replace(with: MemoryImage()) }

    /// The data is replaced by an earlier state of it, as from a backup.
    func restore(_ earlier: MemoryImage) { replace(with: earlier) }

    private func replace(with image: MemoryImage) {
        self.image = image
        generation += 1
        dataID = "\(name)-\(generation)"
        surprise = nil
        flush()
    }
}
