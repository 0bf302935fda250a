import Messages

/// A node's status in words and tables.
struct StatusReport {
    let status: Kvnode_V1_ClusterStatus
    let style: TextStyle

    init(_ status: Kvnode_V1_ClusterStatus, _ style: TextStyle = .plain) {
        self.status = status
        self.style = style
    }

    var text: String {
        var text = "cluster \(status.cluster) as \(status.node) sees it: "
        if status.layoutVersion == 0 {
            text += "no layout known\n"
        } else {
            let members = status.members.count { $0.role != .joining }
            text +=
                "layout version \(status.layoutVersion), \(Quantity.count(members, "member")), "
                + "\(Quantity.count(status.partitions, "partition")) of \(Quantity.count(status.replication, "replica"))\n"
        }
        text += style.problems(problems)
        if !status.staged.isEmpty {
            text += "staged, not committed: \(Self.inWords(status.staged))\n"
        }
        text += comparisons + sweeps + clocks + logLevels
        for node in status.candidates {
            text += "\(node.name) waits to join: kvnode cluster join '\(Self.asMember(node))'\n"
        }
        return text + "\n" + members
    }

    /// What comparing replicas has come to, where there is anything to tell.
    private var comparisons: String {
        let entropy = status.antiEntropy
        var text = ""
        if entropy.treesComplete < entropy.trees {
            text += "hash trees are being built: \(entropy.treesComplete) of \(entropy.trees) are complete\n"
        }
        let differing = entropy.peers.reduce(0) { $0 + $1.keysDiffering }
        if differing > 0 {
            let repaired = entropy.peers.reduce(0) { $0 + $1.keysRepairedHere + $1.keysRepairedThere }
            text +=
                "comparing replicas found \(Quantity.count(differing, "difference")) since the start, "
                + "and mended \(Quantity.count(repaired, "copy", plural: "copies"))\n"
        }
        return text
    }

    private var sweeps: String {
        let removed = status.reaping.removed
        return removed == 0
            ? "" : "\(Quantity.count(removed, "deleted or expired key")) removed for good since the start\n"
    }

    private var clocks: String {
        let count = status.refusedTimestamps
        return count == 0
            ? ""
            : "\(Quantity.count(count, "write")) met since the start that were stamped up to "
                + "\(Quantity.duration(millis: status.furthestAheadMs)) ahead of \(status.node)'s clock: set the clocks\n"
    }

    private var logLevels: String {
        let changed = status.changedLogLevels
        if changed.isEmpty { return "" }
        let words = changed.map {
            "\($0.logger) \($0.level), as configured again \(LogLevelText.end(of: $0))"
        }
        return "log levels are changed: \(words.joined(separator: "; "))\n"
    }

    /// As `kvnode cluster join` takes it.
    private static func asMember(_ node: Kvnode_V1_Member) -> String {
        "\(node.name)@\(node.address)" + (node.zone.isEmpty ? "" : ";zone=\(node.zone)")
            + (node.weight == 1 ? "" : ";weight=\(Quantity.weight(node.weight))")
    }

    /// What an operator should know, worst first.
    var problems: [String] { rankedProblems.flatMap { $0 } }

    /// The same in groups, so that those of several nodes can be told together.
    var rankedProblems: [[String]] {
        [engine, standing, unconnected, losses, change, hints, copies]
    }

    var members: String {
        let changes = status.hasChange
        let heading =
            ["member", "role", "connected", "gossip", "engine", "version", "zone", "weight", "partitions"]
            + (changes ? ["after"] : []) + ["address"]
        let rows = status.members.map { one in
            let member = one.member
            let counts = ["\(one.partitions)"] + (changes ? ["\(one.partitionsAfter)"] : [])
            return [
                member.name, one.role.word, one.connected ? "yes" : "no", one.liveness.word,
                one.engine.orDash, one.softwareVersion.orDash, member.zone.orDash,
                Quantity.weight(member.weight),
            ] + counts + [member.address]
        }
        return TextTable(heading, rows, style).text
    }

    static func inWords(_ staged: [Kvnode_V1_StagedRole]) -> String {
        staged.map { one in
            guard case .member(let member) = one.role else { return "\(one.node) leaves" }
            let zone = member.zone.isEmpty ? "" : ", zone \(member.zone)"
            return "\(one.node) at \(member.address)\(zone), weight \(Quantity.weight(member.weight))"
        }.joined(separator: "; ")
    }

    // MARK: What is wrong

    private var engine: [String] {
        let (engine, node) = (status.engine, status.node)
        return switch engine.state {
        case .damaged:
            [
                "\(node) cannot read all that it has stored: \(Quantity.count(engine.failedReads, "read")) failed since its "
                    + "start, the last with \(engine.error); kvnode engine repair"
            ]
        case .full: ["\(node) has no room for writes: \(engine.error)"]
        case .failed: ["\(node) cannot write: \(engine.error)"]
        case .ok, .unspecified, .UNRECOGNIZED: []
        }
    }

    private var standing: [String] {
        guard let own = status.members.first(where: { $0.member.name == status.node }), own.partitions > 0
        else {
            return status.layoutVersion > 0
                ? [] : ["\(status.node) has not heard of the cluster: have it join, asking a member"]
        }
        if status.servesReads { return [] }
        return ["\(status.node) is not read from before it has copied what its disk may lack"]
    }

    private var unconnected: [String] {
        status.members.filter { !$0.connected }.map {
            "\($0.member.name) (\($0.member.address)) is not connected to \(status.node)"
                + ($0.liveness == .alive ? ", but others reach it" : "")
        }
    }

    private var losses: [String] {
        status.members.filter { $0.role == .lost }.map {
            "\($0.member.name) is declared lost, and not read from until it has copied what it may lack"
        }
    }

    private var change: [String] {
        guard status.hasChange else { return [] }
        let change = status.change
        let awaited = change.awaiting.isEmpty ? "nobody" : change.awaiting.joined(separator: ", ")
        let dead = status.members.filter { !$0.connected && change.awaiting.contains($0.member.name) }
        let advice =
            change.stage == .deciding
            ? [] : dead.map { "; if \($0.member.name) is dead: kvnode cluster lost \($0.member.name)" }
        return [
            "the change to layout version \(change.version) is \(change.stage.word), it waits for \(awaited)"
                + advice.joined()
        ]
    }

    private var hints: [String] {
        let hints = status.hints
        var lines = hints.targets.map { target in
            "\(Quantity.count(target.count, "hint")) kept for \(target.node.isEmpty ? "a former member" : target.node): "
                + "\(Quantity.bytes(target.bytes)), the oldest \(Quantity.duration(millis: target.oldestAgeMs)) old"
        }
        if hints.unkept > 0 {
            lines.append("\(Quantity.count(hints.unkept, "write")) found no room for a hint since the start")
        }
        if hints.refusedWrites > 0 {
            lines.append(
                "\(Quantity.count(hints.refusedWrites, "write")) refused since the start, for want of room for a hint"
            )
        }
        if hints.expired > 0 {
            lines.append("\(Quantity.count(hints.expired, "hint")) dropped since the start, too old")
        }
        return lines
    }

    private var copies: [String] {
        status.hasFilling ? ["\(status.node) copies: \(Self.inWords(status.filling))"] : []
    }

    static func inWords(_ fill: Kvnode_V1_FillStatus) -> String {
        let rate = fill.seconds > 0 ? ", \(Quantity.bytes(Double(fill.bytes) / fill.seconds)) a second" : ""
        let left = fill.hasSecondsLeft ? ", about \(Quantity.duration(seconds: fill.secondsLeft)) left" : ""
        return "\(fill.partitionsLeft) of \(Quantity.count(fill.partitions, "partition")) left, "
            + "\(Quantity.count(fill.rows, "key")), \(Quantity.bytes(fill.bytes))\(rate)\(left)"
    }
}

extension Kvnode_V1_MemberStatus.Role {
    var word: String {
        switch self {
        case .joining: "joining"
        case .up: "up"
        case .leaving: "leaving"
        case .lost: "lost"
        case .unspecified, .UNRECOGNIZED: "-"
        }
    }
}

extension Kvnode_V1_MemberStatus.Liveness {
    var word: String {
        switch self {
        case .alive: "alive"
        case .suspect: "suspect"
        case .down: "down"
        case .left: "left"
        case .unspecified, .UNRECOGNIZED: "-"
        }
    }
}

extension Kvnode_V1_LayoutChange.Stage {
    var word: String {
        switch self {
        case .deciding: "being decided on"
        case .adopting: "being adopted"
        case .filling: "copying"
        case .releasing: "being released"
        case .unspecified, .UNRECOGNIZED: "open"
        }
    }
}

extension String {
    fileprivate var orDash: String { isEmpty ? "-" : self }
}
