import ClusterCore
import Testing

/// Readings that fallbacks help with.
@Suite struct SloppyGetTests {
    private let old = Versions.written("old", actor: 1, counter: 1)
    private let hinted = Versions.written("hinted", actor: 2, counter: 1)
    private let nodeE = NodeID(rawValue: 5)

    private func actions(
        _ get: inout GetCoordinator, _ event: (inout GetCoordinator, inout [GetCoordinator.Action]) -> Void
    ) -> [GetCoordinator.Action] {
        var actions: [GetCoordinator.Action] = []
        event(&get, &actions)
        return actions
    }

    private func begun(r: Int, fallbacks: [NodeID]) -> GetCoordinator {
        var get = GetCoordinator(
            replicas: threeNodes, r: r, policy: .siblings, fanout: .all, fallbacks: fallbacks)
        _ = actions(&get) { $0.start(&$1) }
        return get
    }

    private func ask(_ node: NodeID) -> GetCoordinator.Action { .askFallback(node, for: threeNodes) }

    @Test func aHintCountsAsAnAnswerOfWhomItIsFor() {
        var get = begun(r: 2, fallbacks: [nodeD, nodeE])
        #expect(actions(&get) { $0.received(old, from: nodeA, &$1) } == [])
        #expect(actions(&get) { $0.failed(nodeB, .down, &$1) } == [ask(nodeD)])
        let both = old.merged(with: hinted)
        #expect(actions(&get) { $0.received(hinted, from: nodeD, &$1) } == [.respond(both)])
        let end = actions(&get) { $0.failed(nodeC, .down, &$1) }
        #expect(end == [.repair(nodeA, both), .finished], "a fallback is not repaired, it is no replica")
    }

    @Test func aFallbackThatKnowsNothingIsNoAnswer() {
        var get = begun(r: 2, fallbacks: [nodeD, nodeE])
        _ = actions(&get) { $0.received(nil, from: nodeA, &$1) }
        #expect(actions(&get) { $0.failed(nodeB, .down, &$1) } == [ask(nodeD)])
        #expect(actions(&get) { $0.received(nil, from: nodeD, &$1) } == [ask(nodeE)])
        #expect(actions(&get) { $0.received(nil, from: nodeE, &$1) } == [], "C may yet answer")
        let error = RequestError(
            code: .quorumNotReached, message: "1 of 3 replicas answered, 2 needed: 2 unreachable",
            replicasAnswered: 1, replicasNeeded: 2)
        #expect(actions(&get) { $0.failed(nodeC, .down, &$1) } == [.fail(error), .finished])
    }

    @Test func theHedgeAsksAFallbackWhenAllReplicasWereAsked() {
        var get = GetCoordinator(
            replicas: threeNodes, r: 2, policy: .siblings, fanout: .all, fallbacks: [nodeD, nodeE])
        #expect(actions(&get) { $0.start(&$1) }.last == .startHedge)
        _ = actions(&get) { $0.received(old, from: nodeA, &$1) }
        #expect(actions(&get) { $0.hedgeElapsed(&$1) } == [ask(nodeD)])
        #expect(actions(&get) { $0.failed(nodeD, .down, &$1) } == [ask(nodeE)])
        #expect(
            actions(&get) { $0.received(hinted, from: nodeE, &$1) }.first
                == .respond(old.merged(with: hinted)))
    }

    @Test func allReplicasComeBeforeFallbacks() {
        var get = GetCoordinator(
            replicas: threeNodes, r: 1, policy: .siblings, fanout: .quorum, fallbacks: [nodeD])
        #expect(actions(&get) { $0.start(&$1) } == [.ask(nodeA), .startHedge])
        #expect(actions(&get) { $0.failed(nodeA, .down, &$1) } == [.ask(nodeB)])
        #expect(actions(&get) { $0.failed(nodeB, .down, &$1) } == [.ask(nodeC)])
        #expect(actions(&get) { $0.failed(nodeC, .down, &$1) } == [ask(nodeD)])
        #expect(actions(&get) { $0.received(nil, from: nodeC, &$1) } == [])
        #expect(actions(&get) { $0.received(hinted, from: nodeD, &$1) } == [.respond(hinted), .finished])
        #expect(actions(&get) { $0.received(hinted, from: nodeD, &$1) } == [])
    }

    @Test func hintsNeverCountForMoreThanTheReplicasThatAreMissing() {
        var get = begun(r: 3, fallbacks: [nodeD, nodeE])
        _ = actions(&get) { $0.received(old, from: nodeA, &$1) }
        _ = actions(&get) { $0.failed(nodeB, .down, &$1) }
        #expect(actions(&get) { $0.received(hinted, from: nodeD, &$1) } == [ask(nodeE)])
        #expect(actions(&get) { $0.received(old, from: nodeE, &$1) } == [.respond(old.merged(with: hinted))])
        #expect(actions(&get) { $0.received(old, from: nodeC, &$1) }.last == .finished)
    }

    @Test func theErrorSaysThatAStandInAnswered() {
        var get = begun(r: 3, fallbacks: [nodeD])
        _ = actions(&get) { $0.received(old, from: nodeA, &$1) }
        _ = actions(&get) { $0.failed(nodeB, .down, &$1) }
        _ = actions(&get) { $0.received(hinted, from: nodeD, &$1) }
        let end = actions(&get) { $0.failed(nodeC, .down, &$1) }
        guard case .fail(let error) = end.first else { return #expect(Bool(false), "\(end)") }
        #expect(
            error.message == "2 of 3 replicas answered, 1 of them by stand-ins, 3 needed: 2 unreachable")
    }
}
