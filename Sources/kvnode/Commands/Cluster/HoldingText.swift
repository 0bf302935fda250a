import Messages

/// What replicas hold of a key, for people.
enum HoldingText {
    /// A row for each version that a replica holds, or one that says that it has none.
    static func table(_ holdings: [Kvnode_V1_KeyHolding]) -> String {
        let rows = holdings.flatMap { holding in
            let versions = holding.versions.map { version in
                [
                    holding.node, holding.state.word, what(version), dot(version.dot),
                    time(version.timestampMs),
                ]
            }
            return versions.isEmpty ? [[holding.node, holding.state.word, "-", "-", "-"]] : versions
        }
        return TextTable(["replica", "key", "holds", "dot", "written"], rows, TextStyle(.standardOutput)).text
            + "\n" + holdings.map(remark).joined() + verdict(holdings)
    }

    private static func what(_ version: Kvnode_V1_HeldVersion) -> String {
        let ends = version.expiresAtMs == 0 ? "" : ", until \(time(version.expiresAtMs))"
        switch version.kind {
        case .value: return "value of \(Quantity.bytes(version.bytes))\(ends)"
        case .tombstone: return "tombstone"
        case .part: return "part of a counter, set or map\(ends)"
        case .unspecified, .UNRECOGNIZED: return "-"
        }
    }

    private static func remark(_ holding: Kvnode_V1_KeyHolding) -> String {
        if holding.state == .unknown { return "\(holding.node) does not say: \(holding.error)\n" }
        if holding.context.isEmpty { return "" }
        return "\(holding.node) has seen \(holding.context.map(dot).joined(separator: ", "))\n"
    }

    /// Whether those that have answered agree.
    private static func verdict(_ holdings: [Kvnode_V1_KeyHolding]) -> String {
        let known = holdings.filter { $0.state != .unknown }
        guard let first = known.first, known.count > 1 else { return "" }
        if known.allSatisfy({ $0.state == .absent }) { return "no replica that answered knows the key\n" }
        let agree = known.allSatisfy { $0.versions == first.versions && $0.context == first.context }
        return agree
            ? "the replicas that answered hold the same\n"
            : "the replicas differ: a get with --r \(holdings.count), or the next comparison, brings them together\n"
    }

    private static func dot(_ dot: Kvnode_V1_Dot) -> String {
        let actor = String(dot.actor, radix: 16)
        return String(repeating: "0", count: 16 - actor.count) + actor + ":\(dot.counter)"
    }

    private static func time(_ millis: UInt64) -> String {
        LogLine.format(seconds: Int(clamping: millis / 1000), milliseconds: Int(millis % 1000))
    }
}

extension Kvnode_V1_KeyHolding.State {
    fileprivate var word: String {
        switch self {
        case .absent: "absent"
        case .deleted: "deleted"
        case .present: "present"
        case .unknown, .unspecified, .UNRECOGNIZED: "?"
        }
    }
}
