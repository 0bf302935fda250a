import ClusterCore
import Foundation
import NIOCore
import ObjectStorage

/// The backups of one cluster, in a storage of objects.
public struct Archive: Sendable {
    private static let currentFormat = 1

    /// What `archive.json` says.
    struct Description: Codable, Equatable {
        var format: Int
        var cluster: String
        var partitions: Int
        /// By which it tells its key, in hexadecimal digits; nil where nothing is encrypted.
        var keyMark: String?
        /// Of all the rest.
        var checksum: String

        enum CodingKeys: String, CodingKey {
            case format, cluster, partitions, checksum
            case keyMark = "key_mark"
        }

        /// What `checksum` is to be.
        var sum: String {
            let rest = [String(format), String(partitions), keyMark ?? "", cluster]
            return Fingerprint(of: Array(rest.joined(separator: "\n").utf8)).hex
        }
    }

    public let store: any ObjectStore
    public let cluster: String
    public let partitions: Int
    let key: BackupKey?

    /// An archive that is there.
    ///
    /// - Throws: `BackupError`: `notFound`; `badKey`; `foreign` for another release's; `storage`.
    public init(_ store: any ObjectStore, key: BackupKey?) async throws(BackupError) {
        guard let bytes = try await store.read(ArchiveNames.archive) else {
            throw BackupError(.notFound, "\(store.location) holds no backups")
        }
        try self.init(store, try Self.describe(bytes, in: store), key: key)
    }

    /// The archive of a cluster, which is made if it is not there.
    ///
    /// - Throws: As above; `foreign` also for another cluster's.
    public init(
        _ store: any ObjectStore, ofCluster cluster: String, partitions: Int, key: BackupKey?
    ) async throws(BackupError) {
        if try await store.read(ArchiveNames.archive) == nil {
            // Of nodes that begin at the same time each may write it: which one has, is seen below and by `confirm`.
            var wanted = Description(
                format: Self.currentFormat, cluster: cluster, partitions: partitions, keyMark: key?.mark.hex,
                checksum: "")
            wanted.checksum = wanted.sum
            try await store.write(ArchiveNames.archive, try Self.json(wanted))
        }
        try await self.init(store, key: key)
        guard self.cluster == cluster, self.partitions == partitions else {
            throw BackupError(
                .foreign,
                """
                \(store.location) has the backups of cluster "\(self.cluster)" (\(self.partitions) partitions), not of \
                "\(cluster)" (\(partitions)): give each cluster a place of its own
                """)
        }
    }

    /// Whether the archive is still this cluster's, and has this key: to be asked before anything counts as a backup, as another node
    /// may have begun the archive at the same time with other settings, and written what it is last.
    ///
    /// - Throws: As `init` does.
    func confirm() async throws(BackupError) {
        _ = try await Archive(store, ofCluster: cluster, partitions: partitions, key: key)
    }

    private init(
        _ store: any ObjectStore, _ description: Description, key: BackupKey?
    ) throws(BackupError) {
        switch (description.keyMark, key?.mark.hex) {
        case (nil, nil): break
        case (let wanted?, let given?) where wanted == given: break
        case (_?, nil):
            throw BackupError(
                .badKey,
                "the backups in \(store.location) are encrypted, says archive.json: their key is needed")
        case (nil, _?):
            throw BackupError(
                .badKey,
                "the backups in \(store.location) are not encrypted, says archive.json, but a key is given")
        default:
            throw BackupError(
                .badKey, "the key is not that of the backups in \(store.location), says archive.json")
        }
        self.store = store
        cluster = description.cluster
        partitions = description.partitions
        self.key = key
    }

    private static func describe(
        _ bytes: [UInt8], in store: any ObjectStore
    ) throws(BackupError) -> Description {
        let found: Description
        do {
            found = try JSONDecoder().decode(Description.self, from: Data(bytes))
        } catch {
            throw BackupError(.damaged, "\(ArchiveNames.archive) in \(store.location) is damaged: \(error)")
        }
        guard found.format == currentFormat else {
            throw BackupError(
                .foreign,
                "\(store.location) has backups of format \(found.format), this release knows \(currentFormat)"
            )
        }
        guard found.checksum == found.sum else {
            throw BackupError(
                .damaged, "\(ArchiveNames.archive) in \(store.location) is damaged: its checksum is another")
        }
        guard (1...Layout.maxPartitionCount).contains(found.partitions), found.partitions.nonzeroBitCount == 1
        else {
            throw BackupError(
                .damaged, "\(ArchiveNames.archive) in \(store.location) has \(found.partitions) partitions")
        }
        return found
    }

    private static func json(_ description: Description) throws(BackupError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        do {
            return Array(try encoder.encode(description)) + [UInt8(ascii: "\n")]
        } catch {
            throw BackupError(.failed, "the archive cannot be described: \(error)")
        }
    }
}

// MARK: Objects

extension Archive {
    /// Writes an object that only this archive's key can read, if it has one.
    func write(_ name: String, _ bytes: [UInt8]) async throws(BackupError) {
        try await store.write(name, try key?.seal(bytes, as: name) ?? bytes)
    }

    /// Nil if there is none.
    func read(_ name: String) async throws(BackupError) -> [UInt8]? {
        guard let bytes = try await store.read(name) else { return nil }
        return if let key { try key.open(bytes, as: name) } else { bytes }
    }

    /// Which index a node's part of a backup has of a partition; nil if it has none yet, or what should say so is damaged: the
    /// manifest has them all, and until there is one, what is not known is made again.
    func reference(
        of backup: String, _ node: String, _ section: ArchiveNames.Section
    ) async throws(BackupError) -> Fingerprint? {
        do throws(BackupError) {
            let bytes = try await read(ArchiveNames.reference(of: backup, node, section))
            return bytes.flatMap { Fingerprint(hex: String(decoding: $0, as: UTF8.self)) }
        } catch {
            guard error.code == .damaged else { throw error }
            return nil
        }
    }

    /// - Throws: `BackupError`: `damaged` if it is missing, or not what its name says.
    func index(
        _ fingerprint: Fingerprint, of section: ArchiveNames.Section
    ) async throws(BackupError) -> PartitionIndex {
        let name = ArchiveNames.index(fingerprint, of: section)
        guard let bytes = try await read(name) else {
            throw BackupError(.damaged, "\(name) in \(store.location) is missing")
        }
        guard Fingerprint(of: bytes) == fingerprint else {
            throw BackupError(.damaged, "\(name) in \(store.location) is not what its name says")
        }
        do throws(CodecError) {
            return try PartitionIndex(bytes)
        } catch {
            throw BackupError(error, in: "\(name) in \(store.location)")
        }
    }
}

extension Archive {
    /// Nil if it is missing or damaged.
    func readableIndex(
        _ fingerprint: Fingerprint, of section: ArchiveNames.Section
    ) async throws(BackupError) -> PartitionIndex? {
        do throws(BackupError) {
            return try await index(fingerprint, of: section)
        } catch {
            guard error.code == .damaged else { throw error }
            return nil
        }
    }

    /// Bytes of the packs that there are, by the names that indexes have for them.
    func packs(of section: ArchiveNames.Section) async throws(BackupError) -> [String: Int] {
        let folder = ArchiveNames.pack("", of: section)
        var sizes: [String: Int] = [:]
        for object in try await store.names(folder) {
            sizes[String(object.name.dropFirst(folder.count))] = object.size
        }
        return sizes
    }
}

extension ObjectStore {
    func read(_ name: String) async throws(BackupError) -> [UInt8]? {
        do throws(ObjectStoreError) {
            return try await get(name).map { Array(buffer: $0) }
        } catch {
            throw BackupError(error)
        }
    }

    func write(_ name: String, _ bytes: [UInt8]) async throws(BackupError) {
        do throws(ObjectStoreError) {
            try await put(name, ByteBuffer(bytes: bytes))
        } catch {
            throw BackupError(error)
        }
    }

    func names(_ prefix: String) async throws(BackupError) -> [StoredObject] {
        do throws(ObjectStoreError) {
            return try await list(prefix)
        } catch {
            throw BackupError(error)
        }
    }

    func remove(_ names: [String]) async throws(BackupError) {
        do throws(ObjectStoreError) {
            try await delete(names)
        } catch {
            throw BackupError(error)
        }
    }
}
