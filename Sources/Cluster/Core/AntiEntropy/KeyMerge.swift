/// Merges the pages of keys of two replicas in key order, and tells where they differ.
///
/// The pages of the two end at different keys: what lies behind the nearer end is kept until the other side has said
/// what it holds there. At most one page of each side is kept.
struct KeyMerge: Sendable {
    struct Difference: Equatable, Sendable {
        let key: StorageKey
        /// Nil where the key is missing.
        let here: KeyRow?
        let there: KeyRow?

        /// About what an exchange of the two states moves.
        var byteCount: Int { 2 * key.bytes.count + (here?.size ?? 0) + (there?.size ?? 0) }
    }

    private struct Pages {
        var rows: ArraySlice<KeyRow> = []
        /// All up to this key has come; nil: nothing yet.
        var upTo: StorageKey?
        var isAtEnd = false

        func reaches(_ key: StorageKey) -> Bool {
            isAtEnd || upTo.map { !$0.sortsBefore(key) } ?? false
        }
    }

    private var here = Pages()
    private var there = Pages()
    /// Keys that were merged, each once.
    private(set) var compared = 0

    /// Where the side's next page begins, itself excluded.
    func position(of side: PartitionComparison.Side) -> StorageKey? { side == .here ? here.upTo : there.upTo }

    /// Whether nothing goes on without another page of the side.
    func needsPage(of side: PartitionComparison.Side) -> Bool {
        let pages = side == .here ? here : there
        return !pages.isAtEnd && pages.rows.isEmpty && !isAhead(side)
    }

    /// Whether both sides were merged to their ends.
    var isComplete: Bool { here.isAtEnd && there.isAtEnd && here.rows.isEmpty && there.rows.isEmpty }

    /// - Returns: Whether the page goes on where the side's last one ended, and comes further.
    mutating func add(_ page: TreeKeysReply, of side: PartitionComparison.Side) -> Bool {
        let position = position(of: side)
        let first = page.rows.first?.key ?? page.upTo
        if let position, let first, !position.sortsBefore(first) { return false }
        guard page.isWellFormed else { return false }
        let pages = Pages(
            rows: page.rows[...], upTo: page.upTo ?? position, isAtEnd: page.upTo == nil)
        if side == .here { here = pages } else { there = pages }
        return true
    }

    /// Takes all differences that are certain by the pages so far.
    mutating func drain() -> [Difference] {
        var differences: [Difference] = []
        while let key = nextKey {
            let ours = here.rows.first?.key == key ? here.rows.popFirst() : nil
            let theirs = there.rows.first?.key == key ? there.rows.popFirst() : nil
            compared += 1
            if ours?.hash != theirs?.hash {
                differences.append(Difference(key: key, here: ours, there: theirs))
            }
        }
        return differences
    }

    /// The least key of both, if both sides have come that far.
    private var nextKey: StorageKey? {
        let (a, b) = (here.rows.first?.key, there.rows.first?.key)
        guard let key = a.flatMap({ a in b.map { $0.sortsBefore(a) ? $0 : a } ?? a }) ?? b else { return nil }
        return here.reaches(key) && there.reaches(key) ? key : nil
    }

    /// Whether the other side has to come as far as this one first.
    private func isAhead(_ side: PartitionComparison.Side) -> Bool {
        let (mine, other) = side == .here ? (here, there) : (there, here)
        guard !other.isAtEnd, let end = mine.upTo else { return false }
        return other.upTo?.sortsBefore(end) ?? true
    }
}
