import ClusterCore
import ObjectStorage

/// A backup, as far as nodes have their part in it.
public struct BackupSet: Equatable, Sendable {
    public var id: String
    /// By name.
    public var manifests: [Manifest]
    /// Nodes that have begun, and written no manifest: they are at it, or were ended.
    public var begun: [String]
    /// Nodes whose manifest cannot be read, and why.
    public var damaged: [String: BackupError]

    /// Members of the cluster, as the manifests have it, that have no manifest.
    public var missing: [String] {
        let there = Set(manifests.map(\.node))
        return Set(manifests.flatMap(\.members)).subtracting(there).sorted()
    }

    /// Whether each member has its part: then every write is in it that was acknowledged before the first began.
    public var isComplete: Bool { !manifests.isEmpty && missing.isEmpty && damaged.isEmpty }

    /// Milliseconds since 1970 at which the first node began; nil if none has ended.
    public var beganMillis: UInt64? { manifests.map(\.beganMillis).min() }
    public var endedMillis: UInt64? { manifests.map(\.endedMillis).max() }

    public var rows: Int { manifests.reduce(0) { $0 + $1.rows } }
    public var bytes: Int { manifests.reduce(0) { $0 + $1.bytes } }
    public var sentBytes: Int { manifests.reduce(0) { $0 + $1.sentBytes } }
}

/// What a listing tells of the backups, without reading one.
struct BackupListing {
    /// Names of nodes that have a manifest, and of those that have anything, by backup.
    private(set) var complete: [String: Set<String>] = [:]
    private(set) var anything: [String: Set<String>] = [:]
    private(set) var objects: [StoredObject] = []

    init(_ objects: [StoredObject]) {
        for object in objects {
            let parts = object.name.split(separator: "/").map(String.init)
            // What is not ours is nobody's business.
            guard parts.count == 4 else { continue }
            self.objects.append(object)
            anything[parts[1], default: []].insert(parts[2])
            if parts[3] == ArchiveNames.manifest { complete[parts[1], default: []].insert(parts[2]) }
        }
    }

    var ids: [String] { anything.keys.sorted() }

    func objects(of id: String) -> [StoredObject] {
        objects.filter { $0.name.hasPrefix("\(ArchiveNames.backups)\(id)/") }
    }
}

extension Archive {
    func listing() async throws(BackupError) -> BackupListing {
        BackupListing(try await store.names(ArchiveNames.backups))
    }

    /// All backups, the oldest first; those without a manifest last.
    public func backups() async throws(BackupError) -> [BackupSet] {
        let listing = try await listing()
        var sets: [BackupSet] = []
        for id in listing.ids { sets.append(try await set(id, listing)) }
        return sets.sorted { ($0.beganMillis ?? .max, $0.id) < ($1.beganMillis ?? .max, $1.id) }
    }

    /// - Throws: `BackupError`: `notFound` if there is nothing of that name.
    public func backup(_ id: String) async throws(BackupError) -> BackupSet {
        guard ArchiveNames.accepts(id) else { throw BackupError(.notFound, "\"\(id)\" is no backup's name") }
        let listing = BackupListing(try await store.names("\(ArchiveNames.backups)\(id)/"))
        guard listing.anything[id] != nil else {
            throw BackupError(.notFound, "there is no backup \(id) in \(store.location)")
        }
        return try await set(id, listing)
    }

    private func set(_ id: String, _ listing: BackupListing) async throws(BackupError) -> BackupSet {
        let complete = listing.complete[id] ?? []
        var set = BackupSet(
            id: id, manifests: [], begun: (listing.anything[id] ?? []).subtracting(complete).sorted(),
            damaged: [:])
        for node in complete.sorted() {
            switch try await readable(id, node) {
            case .success(let manifest): set.manifests.append(manifest)
            case .failure(let error): set.damaged[node] = error
            }
        }
        return set
    }

    /// A manifest, or why it is of no use; other errors are thrown.
    private func readable(
        _ id: String, _ node: String
    ) async throws(BackupError) -> Result<Manifest, BackupError> {
        do throws(BackupError) {
            return .success(try await manifest(of: id, node))
        } catch {
            guard error.code == .damaged || error.code == .notFound else { throw error }
            return .failure(error)
        }
    }

    func manifest(of id: String, _ node: String) async throws(BackupError) -> Manifest {
        let name = ArchiveNames.manifest(of: id, node)
        guard let bytes = try await read(name) else {
            throw BackupError(.notFound, "\(name) in \(store.location) is missing")
        }
        return try Manifest.decode(bytes, name)
    }

    /// A node's part of its newest backup that can be read; nil if it has none.
    public func newest(of node: String) async throws(BackupError) -> Manifest? {
        let listing = try await listing()
        var newest: Manifest?
        for id in listing.ids where listing.complete[id]?.contains(node) == true {
            guard case .success(let found) = try await readable(id, node) else { continue }
            if newest.map({ $0.endedMillis < found.endedMillis }) ?? true { newest = found }
        }
        return newest
    }
}
