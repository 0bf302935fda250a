import Messages

/// A cluster at a glance, by what some of its nodes have answered once or twice.
struct Glance {
    /// What there is to see of one member.
    struct Node {
        var name: String
        var zone: String
        var engine: String
        var state: String
        var partitions: UInt32
        /// Nil of a node that was not asked, or gave no answer; so is `rate` of one that was asked once.
        var own: NodeAnswer?
        var rate: LoadRate?
    }

    /// A disk with less of its size left is told of.
    private static let leastRoom = 0.1

    /// The first answer of those that know the newest layout.
    let status: Kvnode_V1_ClusterStatus
    let nodes: [Node]
    /// Of all that were asked twice.
    let rate: LoadRate?
    /// What an operator should know, worst first.
    let problems: [String]

    /// Nil if no node has answered.
    ///
    /// - Parameter earlier: Of the same nodes; none where the load is not known yet.
    init?(_ answers: NodeSurvey.Answers, since earlier: NodeSurvey.Answers = []) {
        let told = answers.compactMap { try? $0.get() }
        guard let newest = told.map(\.status.layoutVersion).max(),
            let status = told.first(where: { $0.status.layoutVersion == newest })?.status
        else { return nil }
        var rates: [String: LoadRate] = [:]
        for (now, before) in zip(answers, earlier) {
            guard let now = try? now.get(), let before = try? before.get(), let to = now.load,
                let from = before.load
            else { continue }
            rates[now.status.node] = LoadRate(from: from, to: to)
        }
        let byName = Dictionary(told.map { ($0.status.node, $0) }) { first, _ in first }
        self.status = status
        nodes = status.members.map { Self.node($0, byName, rates) }
        rate = LoadRate(rates.keys.sorted().compactMap { rates[$0] })
        problems = Self.problems(answers, rates)
    }

    private static func node(
        _ one: Kvnode_V1_MemberStatus, _ answers: [String: NodeAnswer], _ rates: [String: LoadRate]
    ) -> Node {
        let name = one.member.name
        let own = answers[name]
        let isReached = own != nil || one.connected
        let state =
            if one.role == .up { isReached ? "up" : one.liveness == .suspect ? "suspect" : "away" } else {
                one.role.word
            }
        return Node(
            name: name, zone: one.member.zone, engine: one.engine, state: state, partitions: one.partitions,
            own: own, rate: rates[name])
    }

    private static func problems(_ answers: NodeSurvey.Answers, _ rates: [String: LoadRate]) -> [String] {
        var groups = [unreachable(answers)]
        let told = answers.compactMap { try? $0.get() }
        let ranked = told.map { StatusReport($0.status).rankedProblems }
        for rank in 0..<(ranked.first?.count ?? 0) { groups.append(ranked.flatMap { $0[rank] }) }
        // A disk that fills is as bad as an engine that can't write, but for the time that is left.
        groups.insert(told.compactMap(fullDisk), at: 2)
        groups.append(rates.sorted { $0.key < $1.key }.compactMap { failures(of: $0.key, $0.value) })
        var seen: Set<String> = []
        return groups.flatMap { $0 }.filter { seen.insert($0).inserted }
    }

    /// Which nodes have not answered, and why.
    static func unreachable(_ answers: NodeSurvey.Answers) -> [String] {
        answers.compactMap { answer in
            guard case .failure(let failure) = answer else { return nil }
            return "\(failure.endpoint) can't be asked: \(failure.message)"
        }
    }

    private static func fullDisk(_ answer: NodeAnswer) -> String? {
        guard let disk = answer.load?.disk, disk.sizeBytes > 0,
            Double(disk.availableBytes) < leastRoom * Double(disk.sizeBytes)
        else { return nil }
        return "the disk of \(answer.status.node) is nearly full: \(Quantity.bytes(disk.availableBytes)) of "
            + "\(Quantity.bytes(disk.sizeBytes)) are left; give it more room, or add a node"
    }

    private static func failures(of node: String, _ rate: LoadRate) -> String? {
        guard rate.failed > 0 else { return nil }
        return
            "\(node) answered \(rate.failed) of \(Quantity.count(rate.count, "request")) with an error just now: "
            + "kvnode_request_failures_total of its metrics has the reasons"
    }
}
