import ClusterCore
import Testing

/// Hints of a put: who keeps them, what counts, and when.
@Suite struct SloppyPutTests {
    private let state = Versions.written("v", actor: 1, counter: 1)
    private let rest = "; the write stays where it was stored and may become visible"
    private let nodeE = NodeID(rawValue: 5)
    private let nodeF = NodeID(rawValue: 6)

    /// Written at the coordinator A and sent to B and C.
    private func begun(w: Int, fallbacks: [NodeID] = []) -> PutCoordinator {
        var put = PutCoordinator(
            local: nodeA, sets: ReplicaSets(threeNodes), w: w, context: CausalContext(), fallbacks: fallbacks)
        _ = actions(&put) { $0.start(&$1) }
        _ = actions(&put) { $0.localDone(state, &$1) }
        return put
    }

    private func actions(
        _ put: inout PutCoordinator, _ event: (inout PutCoordinator, inout [PutCoordinator.Action]) -> Void
    ) -> [PutCoordinator.Action] {
        var actions: [PutCoordinator.Action] = []
        event(&put, &actions)
        return actions
    }

    // MARK: Strict: hints are kept here, and count for nothing

    @Test func aStrictPutKeepsTheHintAfterItsAnswer() {
        var put = begun(w: 2)
        #expect(actions(&put) { $0.failed(nodeC, .down, &$1) } == [], "the client is not answered yet")
        #expect(
            actions(&put) { $0.acked(from: nodeB, &$1) } == [
                .respond(state), .keepHint(for: nodeC, state), .finished,
            ])
    }

    @Test func aReplicaThatFailsAfterTheAnswerIsOwedTheWriteToo() {
        var put = begun(w: 2)
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [.respond(state)])
        #expect(
            actions(&put) { $0.failed(nodeC, .down, &$1) } == [.keepHint(for: nodeC, state), .finished])
    }

    @Test func aReplicaThatIsSilentAtTheDeadlineIsOwedTheWrite() {
        var put = begun(w: 2)
        _ = actions(&put) { $0.acked(from: nodeB, &$1) }
        #expect(actions(&put) { $0.deadlineElapsed(&$1) } == [.keepHint(for: nodeC, state), .finished])
    }

    @Test func aPutThatFailsIsStillSpread() {
        var put = begun(w: 3)
        _ = actions(&put) { $0.failed(nodeB, .full, &$1) }
        let end = actions(&put) { $0.failed(nodeC, .down, &$1) }
        #expect(end.dropFirst() == [.keepHint(for: nodeB, state), .keepHint(for: nodeC, state), .finished])
        guard case .fail(let error) = end[0] else { return #expect(Bool(false), "\(end)") }
        #expect(error.replicasAnswered == 1)
    }

    @Test func aReplicaThatRefusesTheWriteIsOwedNothing() {
        var put = begun(w: 2)
        _ = actions(&put) { $0.failed(nodeC, ReplicaError(code: .invalid), &$1) }
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [.respond(state), .finished])
    }

    @Test func nothingIsOwedThatWasNotWritten() {
        var put = PutCoordinator(
            local: nodeA, sets: ReplicaSets(threeNodes), w: 2, context: CausalContext())
        _ = actions(&put) { $0.start(&$1) }
        #expect(actions(&put) { $0.deadlineElapsed(&$1) }.count == 2)
    }

    // MARK: Sloppy: a fallback counts for the replica

    @Test func aFallbackCountsForTheReplicaThatFailed() {
        var put = begun(w: 3, fallbacks: [nodeD, nodeE])
        #expect(actions(&put) { $0.failed(nodeC, .down, &$1) } == [.hint(nodeD, for: nodeC, state)])
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [])
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [.respond(state), .finished])
    }

    @Test func twoReplicasHaveTwoStandIns() {
        var put = begun(w: 3, fallbacks: [nodeD, nodeE])
        #expect(actions(&put) { $0.failed(nodeC, .down, &$1) } == [.hint(nodeD, for: nodeC, state)])
        #expect(actions(&put) { $0.failed(nodeB, .down, &$1) } == [.hint(nodeE, for: nodeB, state)])
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [])
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [], "a fallback counts once")
        #expect(actions(&put) { $0.acked(from: nodeE, &$1) } == [.respond(state), .finished])
    }

    @Test func theDelayBringsInFallbacksForTheSilent() {
        var put = PutCoordinator(
            local: nodeA, sets: ReplicaSets(threeNodes), w: 3, context: CausalContext(),
            fallbacks: [nodeD, nodeE])
        _ = actions(&put) { $0.start(&$1) }
        #expect(actions(&put) { $0.localDone(state, &$1) }.last == .startFallbackTimer)
        _ = actions(&put) { $0.acked(from: nodeB, &$1) }
        #expect(actions(&put) { $0.fallbackElapsed(&$1) } == [.hint(nodeD, for: nodeC, state)])
        #expect(actions(&put) { $0.failed(nodeC, .down, &$1) } == [], "D stands in already")
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [.respond(state), .finished])
    }

    @Test func aReplicaAndItsStandInCountOnce() {
        var put = begun(w: 3, fallbacks: [nodeD])
        #expect(actions(&put) { $0.fallbackElapsed(&$1) } == [.hint(nodeD, for: nodeB, state)])
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [])
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [], "C has not answered, and nobody for it")
        #expect(actions(&put) { $0.acked(from: nodeC, &$1) } == [.respond(state), .finished])
    }

    @Test func theNextFallbackIsTriedAndThenThisNode() {
        var put = begun(w: 2, fallbacks: [nodeD, nodeE])
        _ = actions(&put) { $0.acked(from: nodeB, &$1) }
        #expect(actions(&put) { $0.failed(nodeC, .down, &$1) } == [.hint(nodeD, for: nodeC, state)])
        #expect(actions(&put) { $0.failed(nodeD, .busy, &$1) } == [.hint(nodeE, for: nodeC, state)])
        #expect(
            actions(&put) { $0.failed(nodeE, .busy, &$1) } == [.keepHint(for: nodeC, state), .finished])
    }

    @Test func theErrorCountsStandIns() {
        var put = begun(w: 3, fallbacks: [nodeD])
        _ = actions(&put) { $0.failed(nodeB, .down, &$1) }
        _ = actions(&put) { $0.failed(nodeC, .down, &$1) }
        let error = RequestError(
            code: .quorumNotReached,
            message: "2 of 3 replicas answered, 1 of them by stand-ins, 3 needed: 2 unreachable" + rest,
            replicasAnswered: 2, replicasNeeded: 3)
        #expect(
            actions(&put) { $0.acked(from: nodeD, &$1) } == [
                .fail(error), .keepHint(for: nodeC, state), .finished,
            ])
    }

    @Test func atTheDeadlineWhatIsUnknownIsKeptHere() {
        var put = begun(w: 3, fallbacks: [nodeD])
        _ = actions(&put) { $0.failed(nodeC, .down, &$1) }
        let end = actions(&put) { $0.deadlineElapsed(&$1) }
        #expect(end.dropFirst() == [.keepHint(for: nodeB, state), .keepHint(for: nodeC, state), .finished])
    }

    @Test func aStandInCountsInTheSetsOfItsReplica() {
        let sets = ReplicaSets(
            readable: threeNodes[...], primary: threeNodes[...], secondary: [nodeA, nodeB, nodeD])
        var put = PutCoordinator(
            local: nodeA, sets: sets, w: 2, context: CausalContext(), fallbacks: [nodeE, nodeF])
        _ = actions(&put) { $0.start(&$1) }
        _ = actions(&put) { $0.localDone(state, &$1) }
        _ = actions(&put) { $0.failed(nodeC, .down, &$1) }
        _ = actions(&put) { $0.failed(nodeD, .down, &$1) }
        #expect(
            actions(&put) { $0.acked(from: nodeE, &$1) } == [], "C's stand-in counts in the old set alone")
        #expect(actions(&put) { $0.acked(from: nodeF, &$1) } == [.respond(state)])
    }

    // MARK: The partition moves during the put

    @Test func aStandInThatBecomesAReplicaCountsForItselfAlone() {
        var put = begun(w: 3, fallbacks: [nodeD, nodeE])
        _ = actions(&put) { $0.failed(nodeC, .down, &$1) }
        _ = actions(&put) { $0.acked(from: nodeD, &$1) }
        let sets = ReplicaSets(
            readable: threeNodes[...], primary: threeNodes[...], secondary: [nodeA, nodeB, nodeD])
        let sent = actions(&put) { $0.moved(to: sets, &$1) }
        #expect(sent == [nodeB, nodeC, nodeD].map { .replicate($0, state) })
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [])
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [], "of the old replicas only two have it")
        #expect(actions(&put) { $0.failed(nodeC, .down, &$1) } == [.hint(nodeE, for: nodeC, state)])
        #expect(actions(&put) { $0.acked(from: nodeE, &$1) }.first == .respond(state))
    }

    @Test func anAnswerAboutAHintIsNotTakenForOneAboutTheWrite() {
        var put = begun(w: 3, fallbacks: [nodeD])
        _ = actions(&put) { $0.failed(nodeC, .down, &$1) }
        _ = actions(&put) { $0.acked(from: nodeB, &$1) }
        #expect(
            actions(&put) { $0.moved(to: ReplicaSets([nodeA, nodeB, nodeD]), &$1) } == [
                .replicate(nodeD, state)
            ])
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [], "the hint's, which was sent first")
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [.respond(state), .finished])
    }

    @Test func standInsForReplicasThatStayGoOnCounting() {
        var put = begun(w: 3, fallbacks: [nodeE])
        _ = actions(&put) { $0.failed(nodeC, .down, &$1) }
        _ = actions(&put) { $0.acked(from: nodeE, &$1) }
        _ = actions(&put) { $0.moved(to: ReplicaSets([nodeA, nodeC, nodeD]), &$1) }
        #expect(actions(&put) { $0.failed(nodeC, .down, &$1) } == [], "E keeps it already")
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [.respond(state), .finished])
    }

    @Test func aReplicaThatIsNoneAnyMoreIsOwedNothing() {
        var put = begun(w: 2)
        _ = actions(&put) { $0.failed(nodeC, .down, &$1) }
        _ = actions(&put) { $0.moved(to: ReplicaSets([nodeA, nodeB, nodeD]), &$1) }
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [.respond(state)])
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [.finished])
    }
}
