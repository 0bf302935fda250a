import Testing

@testable import ClusterCore

/// Five voters that propose and hear of each other in any order: at most one layout is chosen, and one is in the end.
@Suite struct LayoutHistoryElectionTests {
    private static let nodes = (1...5).map { NodeID(rawValue: $0) }

    private func isQuorum(_ nodes: Set<NodeID>) -> Bool { nodes.count >= 3 }

    private func candidates() throws -> [LayoutCandidate] {
        try (0..<5).map { index in
            let members = [Member(name: "m\(index)", address: "")]
            return LayoutCandidate(
                layout: try Layout.initial(members: members, partitionCount: 1), applied: [])
        }
    }

    @Test func neverTwoLayoutsAreChosen() throws {
        let candidates = try candidates()
        var reproposed = 0
        for seed in UInt64(0)..<800 {
            var random = LayoutRandom(seed: seed)
            var states = [LayoutElection](repeating: LayoutElection(), count: 5)
            var chosen: [LayoutCandidate] = []
            for step in 0..<60 {
                let index = random.below(5)
                if random.below(8) == 0 {
                    states[index].propose(candidates[index], by: Self.nodes[index])
                } else {
                    states[index].merge(states[random.below(5)])
                }
                states[index].advance(as: Self.nodes[index], isQuorum: isQuorum)
                guard step % 5 == 4 else { continue }
                // What the state of all together would say, though nobody may know it yet.
                let all = states.reduce(into: LayoutElection()) { $0.merge($1) }
                if let layout = all.chosen(isQuorum: isQuorum), !chosen.contains(layout) {
                    chosen.append(layout)
                }
                #expect(chosen.count <= 1, "seed \(seed), step \(step)")
                if all.proposals.count > 1, !chosen.isEmpty { reproposed += 1 }
            }
            for _ in 0..<4 {
                for (index, node) in Self.nodes.enumerated() {
                    for other in states.indices { states[index].merge(states[other]) }
                    states[index].advance(as: node, isQuorum: isQuorum)
                }
            }
            // The greatest ballot's node could make its proposal, and all could accept it.
            if states[0].leading != nil {
                #expect(states.allSatisfy { $0.chosen(isQuorum: isQuorum) != nil }, "seed \(seed)")
            }
        }
        #expect(reproposed > 100)
    }
}
