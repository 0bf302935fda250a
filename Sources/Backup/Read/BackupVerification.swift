import ClusterCore
import Engine

/// Restores a backup, node by node and partition by partition, into an engine of any kind, and compares what that then holds
/// with what the node held when it was backed up.
///
/// Synchronous where it writes and reads the engine: on a thread that may block.
public struct BackupVerification {
    /// Bytes of keys and states that are written at a time.
    private static let batchBytes = 4 << 20

    /// What was found to be as it was.
    public struct Result: Equatable, Sendable {
        public var nodes = 0
        public var partitions = 0
        public var rows = 0
        public var bytes = 0

        public init() {}
    }

    private let archive: Archive
    private let scratch: any StorageEngine

    /// - Parameter scratch: An empty engine, which is empty again afterwards, unless an error is thrown.
    public init(of archive: Archive, in scratch: any StorageEngine) {
        self.archive = archive
        self.scratch = scratch
    }

    /// - Parameter report: Called after each partition, with the parts that are done and all that there are.
    /// - Throws: `BackupError`: `damaged` where anything is not as it was; `notFound` where it is missing; `incomplete`
    ///   if no node has its part in it.
    public func run(
        _ backup: BackupSet, _ report: (Result, _ done: Int, _ total: Int) -> Void
    ) async throws(BackupError) -> Result {
        if let damage = backup.damaged.values.first { throw damage }
        guard !backup.manifests.isEmpty else {
            throw BackupError(.incomplete, "backup \(backup.id) has not come to its end on any node")
        }
        var result = Result()
        let total = backup.manifests.reduce(0) { $0 + $1.sections.count }
        var done = 0
        for manifest in backup.manifests {
            for section in manifest.sections {
                try await verify(section, of: manifest)
                done += 1
                result.partitions += section.partition == nil ? 0 : 1
                result.rows += section.rows
                result.bytes += section.bytes
                report(result, done, total)
            }
            result.nodes += 1
        }
        return result
    }

    private func verify(
        _ section: Manifest.Section, of manifest: Manifest
    ) async throws(BackupError) {
        guard let index = try await archive.index(section.section, of: manifest) else { return }
        var reader = BlockReader(archive, section.section)
        var rows = 0
        var batch = WriteBatch()
        for entry in index.blocks {
            let block = try await reader.block(entry, of: index)
            rows += block.rows.count
            // Hints are of many partitions, and a key may come twice: their blocks' names are what they are checked by.
            guard let partition = section.partition else { continue }
            try add(block, of: partition, manifest.partitions, to: &batch)
            if batch.byteCount >= Self.batchBytes { try store(&batch) }
        }
        try store(&batch)
        let place = "\(section.section.name) of node \(manifest.node) in backup \(manifest.backup)"
        guard rows == section.rows else {
            throw BackupError(
                .damaged, "\(place) has \(rows) rows, not the \(section.rows) that it was made of")
        }
        guard let partition = section.partition else { return }
        try compare(partition, section, place)
    }

    private func add(
        _ block: Block, of partition: Int, _ partitionCount: Int, to batch: inout WriteBatch
    ) throws(BackupError) {
        for row in block.rows {
            let key = StorageKey(bucket: row.bucket, key: row.key, partitionCount: partitionCount)
            guard key.partition == partition else {
                throw BackupError(
                    .damaged, "a key of partition \(key.partition) is among those of \(partition)")
            }
            do throws(CodecError) {
                _ = try VersionsCodec.decode(row.state)
            } catch {
                throw BackupError(error, in: "the state of a key in bucket \(row.bucket)")
            }
            batch.put(.data, key.bytes, row.state)
        }
    }

    private func store(_ batch: inout WriteBatch) throws(BackupError) {
        do throws(EngineError) {
            try scratch.write(batch, durability: .buffered)
        } catch {
            throw BackupError(.failed, "the scratch engine cannot be written: \(error)")
        }
        batch.removeAll(keepingCapacity: true)
    }

    private func compare(
        _ partition: Int, _ section: Manifest.Section, _ place: String
    ) throws(BackupError) {
        let bounds = StorageKey.range(ofPartition: partition)
        let range = KeyRange(lower: bounds.lower, upper: bounds.upper)
        var digest = KeyspaceDigest(.data)
        do throws(EngineError) {
            _ = try scratch.scan(.data, range, reverse: false, limit: ScanLimit()) {
                (key, value) throws(EngineError) in
                digest.add(key, value)
                return .next
            }
            try scratch.deleteRange(.data, range)
        } catch {
            throw BackupError(.failed, "the scratch engine cannot be used: \(error)")
        }
        guard digest.rows == section.rows, digest.bytes == section.bytes,
            String(digest.hash, radix: 16) == section.digest
        else { throw BackupError(.damaged, "\(place), restored, is not what was backed up") }
    }
}
