/// What one replica has of a range: a page of a listing.
struct ListPage: Sendable {
    /// Sorted by storage key, each key once.
    var rows: [ListRow]
    /// Whether the replica has nothing more in the range.
    var isLast: Bool
}

extension ListPage {
    /// Whether a replica that was asked for `request` can have answered this.
    ///
    /// A page that isn't sorted, or reaches beyond what was asked for, would make the merge skip keys or list them
    /// twice; and one that neither ends nor holds anything would be asked for over and over.
    func answers(_ request: ReplicaList) -> Bool {
        guard isLast || !rows.isEmpty else { return false }
        let scope = [UInt8(request.bucket.utf8.count)] + Array(request.bucket.utf8) + request.prefix
        var previous = request.after
        for row in rows {
            if let previous, !previous.sortsBefore(row.key) { return false }
            guard row.key.partition >= request.firstPartition, row.key.partition <= request.lastPartition,
                row.key.bytes.dropFirst(2).starts(with: scope)
            else { return false }
            previous = row.key
        }
        return true
    }
}

/// Merges pages of the same range by key, and stops where a page ends before its replica does: what that replica has of
/// the keys after it isn't known.
struct ListMerge {
    /// The last key of which all pages say what there is to say; `nil` if they do for the whole range.
    let boundary: StorageKey?
    private let pages: [ListPage]
    private let policy: Versions.Policy
    private var heads: [Int]

    init(_ pages: [ListPage], policy: Versions.Policy) {
        self.pages = pages
        self.policy = policy
        heads = Array(repeating: 0, count: pages.count)
        boundary = pages.lazy.filter { !$0.isLast }.compactMap(\.rows.last?.key)
            .min { $0.sortsBefore($1) }
    }

    /// The next key with the merge of what the pages say of it; `nil` after the boundary, or at the end.
    mutating func next() -> ListRow? {
        guard let key = smallestHead() else { return nil }
        if let boundary, boundary.sortsBefore(key) { return nil }
        var row = ListRow(key: key, versions: Versions())
        for index in pages.indices where head(of: index)?.key == key {
            row.versions.merge(pages[index].rows[heads[index]].versions, policy: policy)
            heads[index] += 1
        }
        return row
    }

    private func smallestHead() -> StorageKey? {
        pages.indices.lazy.compactMap { head(of: $0)?.key }.min { $0.sortsBefore($1) }
    }

    private func head(of index: Int) -> ListRow? {
        heads[index] < pages[index].rows.count ? pages[index].rows[heads[index]] : nil
    }
}

extension StorageKey {
    /// The engine's order.
    public func sortsBefore(_ other: StorageKey) -> Bool { bytes.lexicographicallyPrecedes(other.bytes) }
}
