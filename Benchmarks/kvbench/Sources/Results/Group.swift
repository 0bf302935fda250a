/// Cells that are held beside each other: all engines with one durability under one workload.
public struct Group: Equatable, Sendable {
    public let workload: String
    public let durability: String
    /// Whether they are engines without a cluster.
    public let isAlone: Bool
    /// Not empty. The others are held against the first.
    public let cells: [Cell]

    public var reference: Cell { cells[0] }
    public var others: ArraySlice<Cell> { cells.dropFirst() }
    /// The most rounds that one of its cells has.
    public var rounds: Int { cells.map(\.rounds.count).max() ?? 0 }
}

extension Comparison {
    /// Those of clusters, then those of engines alone, each in the order in which they were asked for.
    public var groups: [Group] {
        Self.groups(of: cells, isAlone: false) + Self.groups(of: alone?.cells ?? [], isAlone: true)
    }

    private static func groups(of cells: [Cell], isAlone: Bool) -> [Group] {
        var names: [(workload: String, durability: String)] = []
        for cell in cells where !names.contains(where: { cell.isOf($0.workload, $0.durability) }) {
            names.append((cell.workload, cell.durability))
        }
        return names.map { name in
            Group(
                workload: name.workload, durability: name.durability, isAlone: isAlone,
                cells: cells.filter { $0.isOf(name.workload, name.durability) })
        }
    }
}

extension Cell {
    fileprivate func isOf(_ workload: String, _ durability: String) -> Bool {
        self.workload == workload && self.durability == durability
    }

    /// Of the operations of all rounds, the most frequent kinds first; shares add up to 1.
    public var mix: [(kind: String, share: Double)] {
        var counts: [String: Int] = [:]
        for round in rounds { counts.merge(round.kinds.mapValues(\.count), uniquingKeysWith: +) }
        let all = counts.values.reduce(0, +)
        guard all > 0 else { return [] }
        return counts.filter { $0.value > 0 }
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { ($0.key, Double($0.value) / Double(all)) }
    }
}
