import ClusterCore
import Testing

@Suite struct PutCoordinatorTests {
    private let state = Versions.written("v", actor: 1, counter: 1)
    private let rest = "; the write stays where it was stored and may become visible"

    private func coordinator(w: Int, _ nodes: [NodeID] = threeNodes) -> PutCoordinator {
        PutCoordinator(local: nodeA, sets: ReplicaSets(nodes), w: w, context: CausalContext())
    }

    private func actions(
        _ put: inout PutCoordinator, _ event: (inout PutCoordinator, inout [PutCoordinator.Action]) -> Void
    ) -> [PutCoordinator.Action] {
        var actions: [PutCoordinator.Action] = []
        event(&put, &actions)
        return actions
    }

    @Test func writesHereFirstWithTheClientsContext() {
        var put = PutCoordinator(
            local: nodeB, sets: ReplicaSets(threeNodes), w: 2, context: state.causalContext)
        #expect(actions(&put) { $0.start(&$1) } == [.writeLocally(context: state.causalContext)])
        #expect(actions(&put) { $0.acked(from: nodeA, &$1) } == [], "nothing was replicated yet")
        #expect(
            actions(&put) { $0.localDone(state, &$1) } == [
                .replicate(nodeA, state), .replicate(nodeC, state),
            ])
    }

    /// A change that found nothing to do, of a key that nobody has: there is nothing to store, nor to keep for anybody.
    @Test func nothingIsReplicatedOfNothing() {
        var put = coordinator(w: 3)
        _ = actions(&put) { $0.start(&$1) }
        #expect(actions(&put) { $0.localDone(Versions(), &$1) } == [.respond(Versions()), .finished])
        #expect(actions(&put) { $0.deadlineElapsed(&$1) } == [])
    }

    @Test func answersWithTheNthAcknowledgement() {
        for w in 1...3 {
            for order in [[nodeB, nodeC], [nodeC, nodeB]] {
                var put = coordinator(w: w)
                _ = actions(&put) { $0.start(&$1) }
                let local = actions(&put) { $0.localDone(state, &$1) }
                let replicate: [PutCoordinator.Action] = [.replicate(nodeB, state), .replicate(nodeC, state)]
                #expect(local == replicate + (w == 1 ? [.respond(state)] : []))
                #expect(actions(&put) { $0.acked(from: order[0], &$1) } == (w == 2 ? [.respond(state)] : []))
                let last = actions(&put) { $0.acked(from: order[1], &$1) }
                #expect(last == (w == 3 ? [.respond(state), .finished] : [.finished]))
            }
        }
    }

    @Test func oneReplicaDown() {
        for w in 1...3 {
            for failsFirst in [true, false] {
                var put = coordinator(w: w)
                _ = actions(&put) { $0.start(&$1) }
                var all = actions(&put) { $0.localDone(state, &$1) }
                if failsFirst { all += actions(&put) { $0.failed(nodeC, .down, &$1) } }
                all += actions(&put) { $0.acked(from: nodeB, &$1) }
                if !failsFirst { all += actions(&put) { $0.failed(nodeC, .down, &$1) } }
                // Whichever came first: the client is told of both that have the write.
                let error = RequestError(
                    code: .quorumNotReached,
                    message: "2 of 3 replicas answered, 3 needed: 1 unreachable" + rest,
                    replicasAnswered: 2, replicasNeeded: 3)
                // C is owed the write, but not before the client has its answer.
                let hint = PutCoordinator.Action.keepHint(for: nodeC, state)
                #expect(all.dropFirst(2) == [w < 3 ? .respond(state) : .fail(error), hint, .finished])
            }
        }
    }

    @Test func aLocalFailureStopsItBeforeAnythingIsReplicated() {
        let codes: [(ReplicaError.Code, RequestError.Code)] = [
            (.noSpace, .noSpace), (.overloaded, .overloaded), (.io, .internal), (.corruption, .internal),
            (.invalid, .invalidArgument), (.unreachable, .quorumNotReached),
        ]
        for (code, expected) in codes {
            var put = coordinator(w: 1)
            _ = actions(&put) { $0.start(&$1) }
            let error = RequestError(
                code: expected, message: "the coordinator could not store the write: why", replicasNeeded: 1)
            let failure = ReplicaError(code: code, message: "why")
            #expect(actions(&put) { $0.localFailed(failure, &$1) } == [.fail(error), .finished])
            #expect(actions(&put) { $0.localDone(state, &$1) } == [])
        }
    }

    @Test func tooFewReplicasFailBeforeAnythingIsWritten() {
        var put = coordinator(w: 3, [nodeA, nodeB])
        let error = RequestError(
            code: .quorumNotReached, message: "0 of 2 replicas answered, 3 needed; nothing was written",
            replicasAnswered: 0, replicasNeeded: 3)
        #expect(actions(&put) { $0.start(&$1) } == [.fail(error), .finished])
    }

    @Test func theDeadlineFailsWithTheCount() {
        var put = coordinator(w: 3)
        _ = actions(&put) { $0.start(&$1) }
        _ = actions(&put) { $0.localDone(state, &$1) }
        _ = actions(&put) { $0.acked(from: nodeC, &$1) }
        let error = RequestError(
            code: .deadlineExceeded, message: "2 of 3 replicas answered in time, 3 needed: 1 silent" + rest,
            replicasAnswered: 2, replicasNeeded: 3)
        #expect(
            actions(&put) { $0.deadlineElapsed(&$1) } == [
                .fail(error), .keepHint(for: nodeB, state), .finished,
            ])
        #expect(actions(&put) { $0.deadlineElapsed(&$1) } == [])
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [])
    }

    @Test func theDeadlineDuringTheLocalWriteLeavesTheOutcomeOpen() {
        var put = coordinator(w: 2)
        _ = actions(&put) { $0.start(&$1) }
        let verdict = actions(&put) { $0.deadlineElapsed(&$1) }
        guard case .fail(let error) = verdict.first else {
            Issue.record("no failure: \(verdict)")
            return
        }
        #expect(error.code == .deadlineExceeded)
        #expect(
            error.message
                == "0 of 3 replicas answered in time, 2 needed: 1 silent; the outcome at this node is unknown"
        )
        #expect(actions(&put) { $0.localDone(state, &$1) } == [], "nothing is replicated after the end")
    }

    @Test func theDeadlineEndsTheWaitForTheLast() {
        var put = coordinator(w: 1)
        _ = actions(&put) { $0.start(&$1) }
        _ = actions(&put) { $0.localDone(state, &$1) }
        #expect(
            actions(&put) { $0.deadlineElapsed(&$1) } == [
                .keepHint(for: nodeB, state), .keepHint(for: nodeC, state), .finished,
            ])
    }

    @Test func aReplicaCountsOnce() {
        var put = coordinator(w: 3)
        _ = actions(&put) { $0.start(&$1) }
        _ = actions(&put) { $0.localDone(state, &$1) }
        #expect(actions(&put) { $0.localDone(state, &$1) } == [])
        #expect(actions(&put) { $0.acked(from: nodeA, &$1) } == [])
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [])
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [])
        #expect(actions(&put) { $0.failed(nodeB, .down, &$1) } == [])
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [])
        #expect(actions(&put) { $0.acked(from: nodeC, &$1) } == [.respond(state), .finished])
    }

    @Test func aMovingKeyNeedsWOfBothSets() {
        let sets = ReplicaSets(
            readable: threeNodes[...], primary: threeNodes[...], secondary: [nodeB, nodeC, nodeD])
        var put = PutCoordinator(local: nodeA, sets: sets, w: 2, context: CausalContext())
        _ = actions(&put) { $0.start(&$1) }
        let replicated = actions(&put) { $0.localDone(state, &$1) }
        #expect(replicated == [nodeB, nodeC, nodeD].map { .replicate($0, state) })
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [], "of the new replicas only one has it")
        #expect(actions(&put) { $0.failed(nodeC, .down, &$1) } == [])
        #expect(
            actions(&put) { $0.acked(from: nodeD, &$1) } == [
                .respond(state), .keepHint(for: nodeC, state), .finished,
            ])
    }

    @Test func whatFailsInOneSetFailsThePut() {
        let sets = ReplicaSets(
            readable: threeNodes[...], primary: threeNodes[...], secondary: [nodeA, nodeB, nodeD])
        var put = PutCoordinator(local: nodeA, sets: sets, w: 3, context: CausalContext())
        _ = actions(&put) { $0.start(&$1) }
        _ = actions(&put) { $0.localDone(state, &$1) }
        _ = actions(&put) { $0.acked(from: nodeB, &$1) }
        _ = actions(&put) { $0.acked(from: nodeC, &$1) }
        let error = RequestError(
            code: .quorumNotReached,
            message: "2 of 3 moving replicas answered, 3 needed: 1 unreachable" + rest,
            replicasAnswered: 2, replicasNeeded: 3)
        #expect(
            actions(&put) { $0.failed(nodeD, .down, &$1) } == [
                .fail(error), .keepHint(for: nodeD, state), .finished,
            ])
    }

    @Test func aWriteGoesOnWithTheReplicasOfAnotherLayout() {
        var put = coordinator(w: 2)
        _ = actions(&put) { $0.start(&$1) }
        _ = actions(&put) { $0.localDone(state, &$1) }
        let sets = ReplicaSets([nodeB, nodeC, nodeD])
        // It is stored here, but this node does not count any more.
        #expect(
            actions(&put) { $0.moved(to: sets, &$1) } == [nodeB, nodeC, nodeD].map { .replicate($0, state) })
        #expect(actions(&put) { $0.acked(from: nodeC, &$1) } == [])
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [.respond(state)])
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [.finished])
    }

    @Test func aReplicaThatRefusesAfterTheAnswerIsSentTheWriteByTheNextLayout() {
        var put = coordinator(w: 2)
        _ = actions(&put) { $0.start(&$1) }
        _ = actions(&put) { $0.localDone(state, &$1) }
        #expect(actions(&put) { $0.acked(from: nodeB, &$1) } == [.respond(state)])
        let sets = ReplicaSets([nodeA, nodeB, nodeD])
        #expect(actions(&put) { $0.moved(to: sets, &$1) } == [.replicate(nodeD, state)])
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [.finished], "not at the deadline")
        var whole = coordinator(w: 2)
        _ = actions(&whole) { $0.start(&$1) }
        _ = actions(&whole) { $0.localDone(state, &$1) }
        _ = actions(&whole) { $0.acked(from: nodeB, &$1) }
        #expect(
            actions(&whole) { $0.moved(to: ReplicaSets([nodeA, nodeB]), &$1) } == [.finished],
            "who refused is no replica any more")
    }

    @Test func thisNodeNeedsNoCopyWhenItCountsAgain() {
        var put = coordinator(w: 2)
        _ = actions(&put) { $0.start(&$1) }
        _ = actions(&put) { $0.localDone(state, &$1) }
        _ = actions(&put) { $0.moved(to: ReplicaSets([nodeB, nodeC, nodeD]), &$1) }
        #expect(
            actions(&put) { $0.moved(to: ReplicaSets([nodeA, nodeC, nodeD]), &$1) }
                == [nodeC, nodeD].map { .replicate($0, state) })
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [.respond(state)])
    }

    @Test func whoHasStoredAWriteCountsInTheNextLayout() {
        var put = coordinator(w: 3)
        _ = actions(&put) { $0.start(&$1) }
        _ = actions(&put) { $0.localDone(state, &$1) }
        _ = actions(&put) { $0.acked(from: nodeB, &$1) }
        let sets = ReplicaSets([nodeA, nodeB, nodeD])
        #expect(actions(&put) { $0.moved(to: sets, &$1) } == [.replicate(nodeD, state)])
        #expect(actions(&put) { $0.acked(from: nodeD, &$1) } == [.respond(state), .finished])
    }
}
