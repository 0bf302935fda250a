/// Finds what a mistyped name was probably meant to be.
enum NearestName {
    /// The candidate closest to `name`, if it is close enough to be worth a suggestion.
    static func find(for name: String, among candidates: some Sequence<String>) -> String? {
        let limit = max(2, name.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(name, candidate)
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// The end of an error message: `; did you mean "x"?`, or nothing.
    static func hint(for name: String, among candidates: some Sequence<String>) -> String {
        find(for: name, among: candidates).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// The least number of inserted, deleted, replaced and swapped neighbouring characters that turns `a` into `b`
    /// (optimal string alignment; Damerau 1964).
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i]
            for j in 1...b.count {
                var cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    cost = min(cost, beforeLast[j - 2] + 1)
                }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
