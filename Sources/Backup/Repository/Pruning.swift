import ObjectStorage

/// What may be removed of an archive, and its removal.
public struct Pruning: Equatable, Sendable {
    /// Objects that are younger may be those of a backup under way.
    public static let grace: Int64 = 86_400

    /// Backups that go.
    public private(set) var backups: [String] = []
    /// Bytes of packs that go.
    public private(set) var bytes = 0
    /// In the order in which they go: manifests, so that nothing looks complete that is not; what refers to indexes; those; packs.
    fileprivate var manifests: [String] = []
    fileprivate var references: [String] = []
    fileprivate var indexes: [String] = []
    fileprivate var packs: [String] = []

    public var objects: Int { manifests.count + references.count + indexes.count + packs.count }
}

extension Archive {
    /// Says what goes if the newest complete backups are kept.
    ///
    /// Whatever is asked, the newest backup of each node stays: the next is made of its blocks. What was begun and has not
    /// ended goes when it is older than a day and than the newest that has.
    ///
    /// - Parameters:
    ///   - count: How many complete backups stay, at least 1.
    ///   - now: Seconds since 1970.
    public func pruning(keeping count: Int, now: Int64) async throws(BackupError) -> Pruning {
        let listing = try await listing()
        let sets = try await backups()
        var kept = Set(sets.filter(\.isComplete).suffix(max(1, count)).map(\.id))
        for node in Set(sets.flatMap { $0.manifests.map(\.node) }) {
            if let newest = try await newest(of: node) { kept.insert(newest.backup) }
        }
        let young = Set(
            listing.ids.filter { id in listing.objects(of: id).contains { $0.modified + Pruning.grace > now }
            })
        var result = Pruning()
        var used = Used()
        for set in sets {
            let objects = listing.objects(of: set.id)
            guard kept.contains(set.id) || (!set.isComplete && young.contains(set.id)) else {
                result.remove(set.id, objects)
                continue
            }
            for manifest in set.manifests { try await note(manifest, &used) }
            if !set.isComplete { for object in objects { try await note(object, &used) } }
        }
        for index in try await store.names(ArchiveNames.indexes)
        where !used.indexes.contains(index.name) && index.modified + Pruning.grace <= now {
            result.remove(index: index)
        }
        for pack in try await store.names(ArchiveNames.packs)
        where !used.mayNeed(pack: pack.name) && pack.modified + Pruning.grace <= now {
            result.remove(pack: pack)
        }
        return result
    }

    /// Names of objects that what is kept refers to.
    private struct Used {
        var indexes: Set<String> = []
        var packs: Set<String> = []
        /// Folders of packs of which it is not known which are needed.
        var folders: Set<String> = []

        func mayNeed(pack name: String) -> Bool {
            packs.contains(name) || folders.contains { name.hasPrefix($0) }
        }
    }

    private func note(_ manifest: Manifest, _ used: inout Used) async throws(BackupError) {
        for part in manifest.sections {
            guard let fingerprint = Fingerprint(hex: part.index) else { continue }
            try await note(fingerprint, of: part.section, &used)
        }
    }

    /// Takes down what an object of a backup under way refers to, if it refers to anything.
    private func note(_ object: StoredObject, _ used: inout Used) async throws(BackupError) {
        let parts = object.name.split(separator: "/").map(String.init)
        guard let section = ArchiveNames.Section(named: parts[3]),
            let fingerprint = try await reference(of: parts[1], parts[2], section)
        else { return }
        try await note(fingerprint, of: section, &used)
    }

    /// What an index refers to that cannot be read is not known: it may be got from elsewhere, and all that may be of it stays.
    private func note(
        _ fingerprint: Fingerprint, of section: ArchiveNames.Section, _ used: inout Used
    ) async throws(BackupError) {
        guard used.indexes.insert(ArchiveNames.index(fingerprint, of: section)).inserted else { return }
        guard let index = try await readableIndex(fingerprint, of: section) else {
            used.folders.insert(ArchiveNames.pack("", of: section))
            return
        }
        used.packs.formUnion(index.packs.map { ArchiveNames.pack($0.name, of: section) })
    }

    /// Removes what `pruning` named. What is ended early leaves objects that nothing refers to, and that the next call removes.
    public func remove(_ pruning: Pruning) async throws(BackupError) {
        try await store.remove(pruning.manifests)
        try await store.remove(pruning.references)
        try await store.remove(pruning.indexes)
        try await store.remove(pruning.packs)
    }
}

extension Pruning {
    fileprivate mutating func remove(_ id: String, _ objects: [StoredObject]) {
        backups.append(id)
        for object in objects {
            if object.name.hasSuffix("/" + ArchiveNames.manifest) {
                manifests.append(object.name)
            } else {
                references.append(object.name)
            }
        }
    }

    fileprivate mutating func remove(index: StoredObject) { indexes.append(index.name) }

    fileprivate mutating func remove(pack: StoredObject) {
        packs.append(pack.name)
        bytes += pack.size
    }
}
