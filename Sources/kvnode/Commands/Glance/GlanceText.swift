import Messages

extension Glance {
    /// For people.
    func text(_ style: TextStyle) -> String {
        summary + style.problems(problems) + load + "\n" + table(style) + unasked
    }

    private var summary: String {
        let members = nodes.count { $0.state != "joining" }
        let zones = Set(nodes.map(\.zone)).subtracting([""]).sorted()
        let places =
            zones.isEmpty ? "" : " in \(zones.count == 1 ? "zone" : "zones") \(zones.joined(separator: ", "))"
        let layout =
            status.layoutVersion == 0
            ? "no layout known"
            : "layout version \(status.layoutVersion), \(Quantity.count(status.partitions, "partition")) of "
                + Quantity.count(status.replication, "replica")
        return "cluster \(status.cluster): \(Quantity.count(members, "member"))\(places), \(layout)\n"
    }

    private var load: String {
        guard let rate else { return "" }
        let slow = rate.p99.map { ", 99 % of them within \($0.text)" } ?? ""
        return "\(Quantity.rate(rate.perSecond)) requests a second\(slow)\n"
    }

    private func table(_ style: TextStyle) -> String {
        let heading = [
            "node", "state", "zone", "engine", "partitions", "to copy", "hints", "disk left", "requests/s",
            "p99",
            "in flight",
        ]
        return TextTable(heading, nodes.map(Self.row), style).text
    }

    private static func row(_ node: Node) -> [String] {
        let told = node.own?.status
        let load = node.own?.load
        return [
            node.name, node.state, node.zone.isEmpty ? "-" : node.zone,
            node.engine.isEmpty ? "-" : node.engine,
            "\(node.partitions)", told.map { "\($0.filling.partitionsLeft)" } ?? "-",
            told.map { "\($0.hints.count)" } ?? "-", load.map(room) ?? "-",
            node.rate.map { Quantity.rate($0.perSecond) } ?? "-", node.rate?.p99?.text ?? "-",
            load.map { "\($0.requestsInFlight)" } ?? "-",
        ]
    }

    private static func room(_ load: Kvnode_V1_NodeLoad) -> String {
        guard load.hasDisk, load.disk.sizeBytes > 0 else { return "-" }
        let share = Double(load.disk.availableBytes) / Double(load.disk.sizeBytes)
        return "\(Quantity.bytes(load.disk.availableBytes)) (\(Int(share * 100)) %)"
    }

    /// How to see the rest: nodes tell these figures of themselves alone.
    private var unasked: String {
        let names = nodes.filter { $0.own == nil && $0.state == "up" }.map(\.name)
        if names.isEmpty { return "" }
        return
            "\nto copy, hints, disk, requests and p99 are told by each node of itself: give an --endpoint of "
            + "\(names.joined(separator: ", ")), too\n"
    }
}
