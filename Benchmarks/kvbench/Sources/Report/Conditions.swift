import Results

/// Under what two runs were measured.
enum Conditions {
    /// What differs and may be why figures do. Load averages always differ, and are told apart.
    static func differences(_ old: Comparison, _ new: Comparison) -> [String] {
        zip(list(old), list(new)).filter { $0.text != $1.text }.map {
            "\($0.name): \($0.text), now \($1.text)"
        }
    }

    private static func list(_ comparison: Comparison) -> [(name: String, text: String)] {
        let (machine, options) = (comparison.machine, comparison.options)
        return [
            ("processor", machine.processor),
            ("processors", machine.processors.grouped),
            ("memory in bytes", machine.memoryBytes.grouped),
            ("kernel", machine.kernel),
            ("nodes", options.nodes.description),
            ("N", options.n.grouped),
            ("R", options.r.grouped),
            ("W", options.w.grouped),
            ("records", options.records.description),
            ("bytes of a value", options.valueSize.grouped),
            ("connections", options.connections.grouped),
            ("operations in flight on a connection", options.pipeline.grouped),
            ("seconds of a round", options.secondsPerRound.plain),
            ("rounds", options.rounds.grouped),
            ("operations/s offered", options.rate?.plain ?? "as many as possible"),
            ("driver", options.driver),
            ("recorded workload", comparison.shape.map { Facts.text($0) } ?? "none"),
            ("ended early", comparison.partial ?? "no"),
            ("versions", Facts.versions(comparison.versions)),
        ]
    }
}
