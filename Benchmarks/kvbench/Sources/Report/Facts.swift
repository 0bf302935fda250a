import Results

/// Under what conditions it was measured.
public struct Facts {
    /// Of the report.
    static let title = "Storage engines compared"

    /// Names with what they stand for, in the order in which they are to be read.
    let pairs: [(name: String, text: String)]
    /// For a shell.
    let command: String

    init(_ comparison: Comparison) {
        let (machine, options) = (comparison.machine, comparison.options)
        let gibibytes = (Double(machine.memoryBytes) / 1_073_741_824).formatted(decimals: 1)
        let hasClusters = comparison.alone == nil || !comparison.cells.isEmpty
        var pairs = [
            ("Begun", comparison.begun),
            (
                options.nodes == 0 ? "Machine of the clients" : "Machine",
                "\(machine.processor), \(machine.processors) processor\(machine.processors == 1 ? "" : "s"), \(gibibytes) GiB of memory, \(machine.kernel)"
            ),
            ("Load average over 1, 5 and 15 minutes", Self.load(machine)),
            ("Versions", Self.versions(comparison.versions)),
            ("Cluster", hasClusters ? Self.cluster(options) : "none"),
            ("Data", "\(options.records) records, values of \(options.valueSize.grouped) bytes"),
            ("Clients", hasClusters ? Self.clients(options) : "none"),
        ]
        if let alone = comparison.alone { pairs.append(("Engines alone", Self.alone(alone))) }
        pairs += [
            ("Rounds", "\(options.rounds) of \(options.secondsPerRound.plain) s each"),
            ("Seed", "\(comparison.seed)"),
        ]
        self.pairs = pairs + Self.shape(comparison.shape)
        command = comparison.command.map(Self.quoted).joined(separator: " ")
    }

    /// What to know first of a comparison that did not come to its end; nil of a whole one.
    static func partial(_ comparison: Comparison) -> String? {
        comparison.partial.map { "Partial: it ended before all was measured, \($0)." }
    }

    static func versions(_ versions: [String: String]) -> String {
        versions.isEmpty
            ? "not known" : versions.sorted { $0.key < $1.key }.map { "\($0) \($1)" }.joined(separator: ", ")
    }

    private static func load(_ machine: Machine) -> String {
        let (before, after) = (averages(machine.loadBefore), averages(machine.loadAfter))
        return "\(before) before, \(after) after"
    }

    private static func averages(_ load: [Double]) -> String {
        load.isEmpty ? "not known" : load.map { $0.formatted(decimals: 2) }.joined(separator: " / ")
    }

    private static func cluster(_ options: Options) -> String {
        let nodes = options.nodes == 0 ? "one that was running" : "\(options.nodes) nodes"
        return "\(nodes), N=\(options.n) R=\(options.r) W=\(options.w)"
    }

    private static func alone(_ alone: Alone) -> String {
        let begun = alone.clustersBegun.map { "; the clusters' figures are of a run begun \($0)" } ?? ""
        return "\(alone.operationsInFlight.grouped) operations in flight, no cluster\(begun)"
    }

    private static func clients(_ options: Options) -> String {
        let flight = options.pipeline == 1 ? "one operation" : "\(options.pipeline) operations"
        let rate =
            options.rate.map { "\($0.plain) operations/s offered" } ?? "as many operations as that allows"
        return "\(options.connections) connections (\(options.driver)), \(flight) in flight on each, \(rate)"
    }

    /// A word that a shell takes as it is.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.allSatisfy { character in
            "-_./:=,+@%".contains(character)
                || character.isASCII && (character.isLetter || character.isNumber)
        }
        if isPlain, !word.isEmpty { return word }
        let parts = word.split(separator: "'", omittingEmptySubsequences: false)
        return "'" + parts.joined(separator: "'\\''") + "'"
    }
}

extension Double {
    /// With no more than two decimals, and none that say nothing.
    var plain: String {
        formatted(decimals: self == rounded() ? 0 : self * 10 == (self * 10).rounded() ? 1 : 2)
    }
}
