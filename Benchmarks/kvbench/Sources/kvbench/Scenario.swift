import Foundation
import Nodes
import Workloads

/// A workload, and what is done to the cluster while it runs.
struct Scenario {
    enum Fault: String, CaseIterable {
        /// A replica is killed, and comes back: what it missed is handed back.
        case kill
        /// A replica is killed, and comes back with an empty disk: it copies all.
        case wipe
    }

    let name: String
    let workload: Workload
    let fault: Fault?

    /// The words of `--workloads`: a workload's name, or a fault's, which strikes during "steady".
    init?(_ name: String) {
        self.name = name
        fault = Fault(rawValue: name)
        guard let workload = fault == nil ? Workload.named(name) : .steady else { return nil }
        self.workload = workload
    }

    static let names = Workload.all.map(\.name) + Fault.allCases.map(\.rawValue)

    var summary: String {
        switch fault {
        case nil: workload.summary
        case .kill:
            "Half reads, half updates; a replica is killed after a third of the time and back after two."
        case .wipe: "The same, and the replica comes back at once, with an empty disk."
        }
    }

    /// What failed, with the records that were asked for and not found: who deletes finds nothing there, others should.
    func errors(_ errors: [String: Int], absent: Int) -> [String: Int] {
        guard absent > 0, workload.mix.share(of: .delete) == 0, !workload.startsEmpty else { return errors }
        return errors.merging(["a record was not found": absent], uniquingKeysWith: +)
    }
}

/// What is left of a fault in one round.
struct FaultPlan {
    struct Step {
        /// Part of the round's time after which it happens.
        var share: Double
        var name: String
        var action: (KVNodeCluster) throws -> Void
    }

    private(set) var steps: [Step]

    init(_ fault: Scenario.Fault?) {
        switch fault {
        case nil: steps = []
        case .kill:
            steps = [
                Step(share: 1.0 / 3, name: "a node is killed") { $0.nodes.last!.process.kill() },
                Step(share: 2.0 / 3, name: "it is back") { try $0.nodes.last!.process.start() },
            ]
        case .wipe:
            steps = [
                Step(share: 1.0 / 3, name: "a node has lost its disk") { cluster in
                    let node = cluster.nodes.last!
                    node.process.kill()
                    try cluster.wipe(node)
                    try node.process.start()
                }
            ]
        }
    }

    /// Does what is due.
    ///
    /// - Returns: Its name, if anything was.
    mutating func perform(at share: Double, on cluster: KVNodeCluster) throws -> String? {
        guard let step = steps.first, share >= step.share else { return nil }
        steps.removeFirst()
        try step.action(cluster)
        return step.name
    }
}
