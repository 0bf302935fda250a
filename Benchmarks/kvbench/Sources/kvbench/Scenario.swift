import Nodes
import Workloads

/// A workload, and what is done to the cluster while it runs.
struct Scenario {
    enum Incident: String, CaseIterable {
        /// A replica is killed, and comes back: what it missed is handed back.
        case kill
        /// A replica is killed, and comes back with an empty disk: it copies all.
        case wipe
        /// A node comes in: it copies its share. It is taken out again after the round.
        case join
    }

    let name: String
    let workload: Workload
    let incident: Incident?

    /// The words of `--workloads`: a workload's name, or an incident's, which comes during "steady".
    init?(_ name: String) {
        self.name = name
        incident = Incident(rawValue: name)
        guard let workload = incident == nil ? Workload.named(name) : .steady else { return nil }
        self.workload = workload
    }

    static let names = Workload.all.map(\.name) + Incident.allCases.map(\.rawValue)

    /// What failed, with the records that were asked for and not found: who deletes finds nothing there, others should.
    func errors(_ errors: [String: Int], absent: Int) -> [String: Int] {
        guard absent > 0, workload.mix.share(of: .delete) == 0, !workload.startsEmpty else { return errors }
        return errors.merging(["a record was not found": absent], uniquingKeysWith: +)
    }
}

extension Course<KVNodeCluster> {
    init(_ incident: Scenario.Incident?, seconds: Double) {
        self.init(steps: incident.map(Self.steps) ?? [], seconds: seconds)
    }

    private static func steps(of incident: Scenario.Incident) -> [Step] {
        switch incident {
        case .kill:
            [
                Step(share: 1.0 / 3, name: "a node is killed") { cluster in
                    cluster.nodes.last!.process.kill()
                    return nil
                },
                Step(share: 2.0 / 3, name: "it is back") { cluster in
                    try cluster.nodes.last!.process.start()
                    return nil
                },
            ]
        case .wipe:
            [
                Step(share: 1.0 / 3, name: "a node has lost its disk") { cluster in
                    let node = cluster.nodes.last!
                    node.process.kill()
                    try cluster.wipe(node)
                    try node.process.start()
                    return nil
                }
            ]
        case .join: [Step(share: 1.0 / 3, name: "a node joins") { try $0.join().isDone }]
        }
    }
}
