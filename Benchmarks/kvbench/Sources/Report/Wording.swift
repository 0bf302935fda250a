import Results

extension Figure {
    /// Of a column: the name with its unit.
    var heading: String {
        let name = name.sentenceCased
        return unit.map { "\(name), \($0)" } ?? name
    }
}

extension Group {
    var title: String { "workload \(workload), \(durability)\(isAlone ? ", without a cluster" : "")" }

    /// What it is made of and how it is called: "reads (workload c, buffered)".
    var description: String {
        guard let mix = cells.first(where: { !$0.mix.isEmpty })?.mix else { return title }
        // Of one kind the share is plain. What rounds to nothing is left out.
        let parts = mix.filter { $0.share >= 0.005 }.map { kind, share in
            share > 0.995 ? Self.noun(kind) : "\((share * 100).formatted(decimals: 0))% \(Self.noun(kind))"
        }
        return "\(parts.joined(separator: ", ")) (\(title))"
    }

    private static func noun(_ kind: String) -> String {
        switch kind {
        case "modify": "read-modify-writes"
        case "read", "update", "insert", "scan", "delete": kind + "s"
        default: kind
        }
    }
}

extension String {
    /// With its first letter in upper case; the others are left.
    var sentenceCased: String { prefix(1).uppercased() + dropFirst() }
}
