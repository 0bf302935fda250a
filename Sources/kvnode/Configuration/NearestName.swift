/// Finds what a mistyped name was probably meant to be.
enum NearestName {
    /// The candidate closest to `name`, if it is close enough to be worth a suggestion.
    static func find(for name: String, among candidates: some Sequence<String>) -> String? {
        let scalars = Array(name.unicodeScalars)
        var limit = max(2, scalars.count / 3)
        var best: String?
        for candidate in candidates where abs(candidate.unicodeScalars.count - scalars.count) <= limit {
            guard let distance = distance(scalars, Array(candidate.unicodeScalars), atMost: limit) else {
                continue
            }
            best = candidate
            if distance == 0 { break }
            limit = distance - 1
        }
        return best
    }

    /// The end of an error message: `; did you mean "x"?`, or nothing.
    static func hint(for name: String, among candidates: some Sequence<String>) -> String {
        find(for: name, among: candidates).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// The least number of inserted, deleted, replaced and swapped neighbouring characters that turns `a` into `b`
    /// (optimal string alignment; Damerau 1964).
    ///
    /// - Returns: nil if it is above `limit`, which is found out early.
    static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar], atMost limit: Int) -> Int? {
        // Of what precedes this place in `a`: from nothing, then from one more character in each row.
        var last = Array(0...b.count)
        var beforeLast = last
        var row = last
        for i in a.indices {
            row[0] = i + 1
            for j in b.indices {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row[j + 1] = cost
            }
            // All later rows come of these two.
            if row.allSatisfy({ $0 > limit }), last.allSatisfy({ $0 > limit }) { return nil }
            (beforeLast, last, row) = (last, row, beforeLast)
        }
        return last[b.count] <= limit ? last[b.count] : nil
    }
}
