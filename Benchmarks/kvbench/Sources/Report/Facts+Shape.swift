import Results

extension Facts {
    /// None if the workload was no recorded one.
    static func shape(_ shape: WorkloadShape?) -> [(name: String, text: String)] {
        shape.map { [("Recorded workload", text($0))] } ?? []
    }

    /// In a line, for people.
    public static func text(_ shape: WorkloadShape) -> String {
        [
            "\(shape.begun), \(shape.nodes) node\(shape.nodes == 1 ? "" : "s") for \(shape.seconds.plain) s",
            operations(shape), keys(shape), sizes(shape.valueBytes, "values of", "bytes"),
            sizes(shape.listLimits, "lists of", "keys"),
        ].compactMap(\.self).joined(separator: "; ")
    }

    private static func operations(_ shape: WorkloadShape) -> String {
        let all = shape.operations
        let kinds: [(String, Int)] = [
            ("get", all.get), ("put", all.put), ("delete", all.delete), ("update", all.update),
            ("list", all.list),
        ]
        let parts = kinds.filter { $0.1 > 0 }.map { name, count in
            let percent = Double(count) * 100 / Double(all.all)
            return "\(percent.plain)% \(name)"
        }
        return "\(shape.rate.plain) operations/s (\(parts.joined(separator: ", ")))"
    }

    private static func keys(_ shape: WorkloadShape) -> String? {
        if shape.operations.ofKeys == 0 { return nil }
        let law =
            shape.popularity.exponent == 0
            ? "all alike" : "by Zipf's law with the exponent \(shape.popularity.exponent.plain)"
        return "about \(shape.keys.grouped) keys, \(law)"
    }

    private static func sizes(_ sizes: [WorkloadShape.Sizes], _ before: String, _ after: String) -> String? {
        guard let mean = sizes.mean, let first = sizes.first, let last = sizes.last else { return nil }
        let range = first.from == last.to ? "" : ", from \(first.from.grouped) to \(last.to.grouped)"
        return "\(before) \(mean.plain) \(after) on average\(range)"
    }
}
