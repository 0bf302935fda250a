import ClusterCore
import ObjectStorage

/// Reads what all nodes had in a backup: each block once, however many replicas have it.
///
/// A key comes as often as replicas differed in it: whoever takes the rows joins the states, as replicas do.
public struct BackupReader: Sendable {
    public let backup: BackupSet
    private let archive: Archive
    /// Nil for all.
    private let buckets: Set<String>?

    /// - Parameter buckets: Those whose rows are wanted; nil for all.
    /// - Throws: `BackupError`: `incomplete` if members have no part in it, unless `allowsMissing`; `damaged`; `notFound`.
    public init(
        _ id: String, in archive: Archive, buckets: Set<String>? = nil, allowsMissing: Bool = false
    ) async throws(BackupError) {
        backup = try await archive.backup(id)
        self.archive = archive
        self.buckets = buckets
        if let damage = backup.damaged.values.first, !allowsMissing { throw damage }
        guard !backup.manifests.isEmpty else {
            throw BackupError(.incomplete, "backup \(id) has not come to its end on any node")
        }
        guard backup.isComplete || allowsMissing else {
            throw BackupError(
                .incomplete,
                """
                backup \(id) lacks \(backup.missing.joined(separator: ", ")): writes that only they had stored would be \
                missing
                """)
        }
    }

    /// How many partitions there are to read; what was kept for others comes as one more, behind the last.
    public var sectionCount: Int { archive.partitions + 1 }

    private func section(_ number: Int) -> ArchiveNames.Section {
        number < archive.partitions ? .partition(number) : .hints
    }

    /// The names of the buckets that are wanted and have rows, and their rows: as many as all nodes together have.
    public func bucketRows() async throws(BackupError) -> [String: Int] {
        var rows: [String: Int] = [:]
        for number in 0..<sectionCount {
            for index in try await indexes(section(number)) {
                for run in index.runs where isWanted(run.bucket) { rows[run.bucket, default: 0] += run.rows }
            }
        }
        return rows
    }

    /// Reads a partition, or what was kept for others.
    ///
    /// - Parameters:
    ///   - number: 0 up to `sectionCount`.
    ///   - body: Gets some rows of one bucket.
    /// - Throws: `BackupError`; what `body` throws.
    public func read(_ number: Int, _ body: ([BackupRow]) async throws -> Void) async throws {
        let section = section(number)
        var reader = BlockReader(archive, section)
        var seen: Set<BlockID> = []
        for index in try await indexes(section) {
            var block = 0
            for run in index.runs {
                defer { block += run.blocks }
                guard isWanted(run.bucket) else { continue }
                for entry in index.blocks[block..<block + run.blocks] where seen.insert(entry.id).inserted {
                    try await body(try await reader.block(entry, of: index).rows)
                }
            }
        }
    }

    private func isWanted(_ bucket: String) -> Bool { buckets?.contains(bucket) ?? true }

    private func indexes(_ section: ArchiveNames.Section) async throws(BackupError) -> [PartitionIndex] {
        var indexes: [PartitionIndex] = []
        for manifest in backup.manifests {
            if let index = try await archive.index(section, of: manifest) { indexes.append(index) }
        }
        return indexes
    }
}

extension Archive {
    /// The index that a manifest names; nil if it names none.
    func index(
        _ section: ArchiveNames.Section, of manifest: Manifest
    ) async throws(BackupError) -> PartitionIndex? {
        guard let part = manifest.sections.first(where: { $0.section == section }) else { return nil }
        guard let fingerprint = Fingerprint(hex: part.index) else {
            throw BackupError(
                .damaged,
                "the manifest of \(manifest.node) in backup \(manifest.backup) names no index of \(section.name)"
            )
        }
        return try await index(fingerprint, of: section)
    }
}
