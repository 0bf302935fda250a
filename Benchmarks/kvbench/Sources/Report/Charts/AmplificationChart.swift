import Results

/// How many bytes all nodes write and keep for each byte of the user's.
enum AmplificationChart {
    private static let figures: [Figure] = [.writeAmplification, .spaceAmplification]

    static func chart(of group: Group, _ palette: Palette) -> Chart? {
        let groups = figures.map { GroupedBars.Group($0, of: group, title: $0.name.sentenceCased) }
        guard let bars = GroupedBars(groups, palette) else { return nil }
        return Chart(
            name: "amplification", title: "Amplification",
            hint:
                "Bytes on all nodes' disks for each of the user's: median, with the least and the greatest.",
            description: description(group), height: bars.height, content: bars.markup)
    }

    private static func description(_ group: Group) -> String {
        group.cells.map { cell in
            let parts = figures.compactMap { figure in
                cell.spread(of: figure).map { "\(figure.name) \(figure.format($0))" }
            }
            return "\(cell.engine): \(parts.isEmpty ? "not known" : parts.joined(separator: ", "))."
        }.joined(separator: " ")
    }
}
