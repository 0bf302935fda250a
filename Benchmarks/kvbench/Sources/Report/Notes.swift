import Results

/// What makes a group's figures less trustworthy than they look, or explains them.
enum Notes {
    /// Part of one core that the generator may take before it is named.
    static let greatestGeneratorShare = 0.5

    static func of(_ group: Group) -> [String] {
        cautions(group) + [rounds(group), events(group)].compactMap(\.self) + disturbances(group)
    }

    /// Those that belong beside a verdict.
    static func cautions(_ group: Group) -> [String] {
        [bottleneck(group)].compactMap(\.self) + errors(group) + pauses(group)
    }

    /// By the round in which it took the most.
    private static func bottleneck(_ group: Group) -> String? {
        let shares = group.cells.compactMap { cell -> String? in
            guard let share = cell.spread(of: .generatorShare)?.greatest, share > greatestGeneratorShare
            else {
                return nil
            }
            return "\(Figure.generatorShare.format(share)) with \(cell.engine)"
        }
        if shares.isEmpty { return nil }
        return
            "The generator may have been the bottleneck: of one core it took up to \(shares.joined(last: "and"))."
    }

    private static func errors(_ group: Group) -> [String] {
        group.cells.compactMap { cell in
            var counts: [String: Int] = [:]
            for round in cell.rounds { counts.merge(round.errors, uniquingKeysWith: +) }
            let causes = counts.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            if causes.isEmpty { return nil }
            let done = cell.rounds.map(\.operations).reduce(0, +)
            let failed = causes.map(\.value).reduce(0, +)
            let list = causes.map { "\($0.value.grouped) × \($0.key)" }.joined(separator: "; ")
            return
                "\(cell.engine): \(failed.grouped) operations failed beside \(done.grouped) that were done (\(list))."
        }
    }

    private static func pauses(_ group: Group) -> [String] {
        group.cells.compactMap { cell in
            let seconds = cell.rounds.flatMap(\.timeline)
            let still = seconds.count { $0.operations == 0 }
            if still == 0 { return nil }
            return
                "\(cell.engine): in \(still.grouped) of \(seconds.count.grouped) seconds no operation ended."
        }
    }

    private static func rounds(_ group: Group) -> String? {
        let few = group.cells.filter { $0.rounds.count < Ratio.leastPairs }
        if few.isEmpty { return nil }
        let names = few.map { "\($0.engine) (\($0.rounds.count))" }.joined(last: "and")
        return "Too few rounds for intervals, which take \(Ratio.leastPairs): \(names)."
    }

    private static func events(_ group: Group) -> String? {
        let events = Happening.of(group)
        if events.isEmpty { return nil }
        return "What was done meanwhile: \(events.map(\.description).joined(separator: "; "))."
    }

    /// What clients noticed of what took its time.
    private static func disturbances(_ group: Group) -> [String] {
        group.cells.compactMap { cell in
            guard let found = Disturbance(of: cell.rounds) else { return nil }
            func milliseconds(_ microseconds: Double) -> String {
                Figure.latencyP99.format(microseconds / 1_000)
            }
            let (before, during) = (found.before, found.during)
            return
                "\(cell.engine), while \(found.name): \(Figure.throughput.format(during.operationsPerSecond)) operations a second beside \(Figure.throughput.format(before.operationsPerSecond)) before; p99 of a second \(milliseconds(during.p99)) ms (the worst \(milliseconds(during.greatestP99))) beside \(milliseconds(before.p99)) ms (the worst \(milliseconds(before.greatestP99))); \(during.errors.grouped) operations failed, \(before.errors.grouped) before."
        }
    }
}

/// What was done to the clusters of all engines of a group, at about the same time of each round.
struct Happening: Equatable {
    /// The median over rounds.
    let second: Double
    let name: String
    /// How long it took, the median as well; nil of what happens at once.
    var lasted: Double?

    /// When it was complete is a moment of its own.
    var moments: [(second: Double, name: String)] {
        [(second, name)] + (lasted.map { [(second + $0, "complete")] } ?? [])
    }

    var description: String {
        let end = lasted.map { ", complete after \($0.formatted(decimals: 1)) s" } ?? ""
        return "\(name) at \(second.formatted(decimals: 1)) s\(end)"
    }

    /// In the order of time. The same thing done twice in a round is two.
    static func of(_ group: Group) -> [Happening] {
        var all: [String: [Int: [Event]]] = [:]
        for round in group.cells.flatMap(\.rounds) {
            var times: [String: Int] = [:]
            for event in round.events {
                all[event.name, default: [:]][times[event.name, default: 0], default: []].append(event)
                times[event.name, default: 0] += 1
            }
        }
        return all.flatMap { name, occasions in
            occasions.values.compactMap { events in
                Spread(events.map(\.second)).map {
                    Happening(
                        second: $0.median, name: name,
                        lasted: Spread(events.compactMap(\.seconds))?.median)
                }
            }
        }.sorted { ($0.second, $0.name) < ($1.second, $1.name) }
    }
}
