import ClusterCore
import Testing

@Suite struct GetCoordinatorTests {
    private let old = Versions.written("old", actor: 1, counter: 1)
    private var new: Versions { .written("new", actor: 2, counter: 2, seen: old) }
    private let other = Versions.written("other", actor: 3, counter: 3)

    private func coordinator(r: Int, fanout: ReadFanout = .all, _ nodes: [NodeID] = threeNodes)
        -> GetCoordinator
    {
        GetCoordinator(replicas: nodes, r: r, policy: .siblings, fanout: fanout)
    }

    private func actions(
        _ get: inout GetCoordinator, _ event: (inout GetCoordinator, inout [GetCoordinator.Action]) -> Void
    ) -> [GetCoordinator.Action] {
        var actions: [GetCoordinator.Action] = []
        event(&get, &actions)
        return actions
    }

    /// Every order of the replies, every r, and every state of the replicas out of four.
    @Test func answersWithTheMergeOfTheFirstAndRepairsTheStale() {
        let states: [Versions?] = [nil, old, new, other]
        for r in 1...3 {
            for order in permutations(threeNodes) {
                for code in 0..<64 {
                    let replies = order.indices.map { (order[$0], states[code >> (2 * $0) & 3]) }
                    check(r: r, replies)
                }
            }
        }
    }

    private func check(r: Int, _ replies: [(node: NodeID, versions: Versions?)]) {
        var get = coordinator(r: r)
        #expect(actions(&get) { $0.start(&$1) } == threeNodes.map { .ask($0) })
        var merged = Versions()
        for (index, reply) in replies.enumerated() {
            merged.merge(reply.versions ?? Versions(), policy: .siblings)
            var expected: [GetCoordinator.Action] = index + 1 == r ? [.respond(merged)] : []
            if index == 2 {
                expected += replies.filter { ($0.versions ?? Versions()) != merged }.map {
                    .repair($0.node, merged)
                }
                expected.append(.finished)
            }
            #expect(actions(&get) { $0.received(reply.versions, from: reply.node, &$1) } == expected)
        }
    }

    @Test func aReplicaMayAnswerThatItHasTheSameAsAnother() {
        var get = coordinator(r: 2)
        _ = actions(&get) { $0.start(&$1) }
        #expect(actions(&get) { $0.received(old, from: nodeA, &$1) } == [])
        #expect(actions(&get) { $0.received(sameAs: nodeA, from: nodeB, &$1) } == [.respond(old)])
        // Both are behind the third, by what they said.
        #expect(
            actions(&get) { $0.received(new, from: nodeC, &$1) }
                == [.repair(nodeA, old.merged(with: new)), .repair(nodeB, old.merged(with: new)), .finished])
    }

    @Test func whoHasTheSameAsOneThatHasNotAnsweredHasFailed() {
        var get = coordinator(r: 2)
        _ = actions(&get) { $0.start(&$1) }
        #expect(actions(&get) { $0.received(sameAs: nodeA, from: nodeB, &$1) } == [])
        #expect(actions(&get) { $0.received(old, from: nodeA, &$1) } == [])
        #expect(actions(&get) { $0.received(sameAs: nodeA, from: nodeC, &$1) } == [.respond(old), .finished])
        #expect(actions(&get) { $0.received(sameAs: nodeA, from: nodeC, &$1) } == [])
    }

    @Test func aKeyThatNobodyHasIsNotRepaired() {
        var get = coordinator(r: 2)
        _ = actions(&get) { $0.start(&$1) }
        #expect(actions(&get) { $0.received(nil, from: nodeA, &$1) } == [])
        #expect(actions(&get) { $0.received(Versions(), from: nodeB, &$1) } == [.respond(Versions())])
        #expect(actions(&get) { $0.received(nil, from: nodeC, &$1) } == [.finished])
    }

    @Test func aTombstoneIsRepairedLikeAnyWrite() {
        let deleted = old.deleted(actor: 2, counter: 2)
        var get = coordinator(r: 1, [nodeA, nodeB])
        _ = actions(&get) { $0.start(&$1) }
        #expect(actions(&get) { $0.received(deleted, from: nodeA, &$1) } == [.respond(deleted)])
        #expect(
            actions(&get) { $0.received(old, from: nodeB, &$1) } == [.repair(nodeB, deleted), .finished])
    }

    @Test func theLastWriterWinsEvenAmongSiblingsOfOneReplica() throws {
        let both = old.merged(with: other)
        var get = GetCoordinator(replicas: [nodeA], r: 1, policy: .lastWriteWins, fanout: .all)
        _ = actions(&get) { $0.start(&$1) }
        let answer = actions(&get) { $0.received(both, from: nodeA, &$1) }
        guard case .respond(let versions) = answer.first else {
            Issue.record("no answer: \(answer)")
            return
        }
        #expect(versions.siblings == other.siblings)
        #expect(versions.context == both.context)
        #expect(answer.dropFirst() == [.repair(nodeA, versions), .finished])
    }

    @Test func oneReplicaDown() {
        for r in 1...2 {
            var get = coordinator(r: r)
            _ = actions(&get) { $0.start(&$1) }
            #expect(actions(&get) { $0.failed(nodeC, .down, &$1) } == [])
            _ = actions(&get) { $0.received(old, from: nodeA, &$1) }
            #expect(actions(&get) { $0.received(old, from: nodeB, &$1) }.last == .finished)
        }
        var get = coordinator(r: 3)
        _ = actions(&get) { $0.start(&$1) }
        _ = actions(&get) { $0.received(old, from: nodeA, &$1) }
        _ = actions(&get) { $0.received(new, from: nodeB, &$1) }
        let error = RequestError(
            code: .quorumNotReached, message: "2 of 3 replicas answered, 3 needed: 1 unreachable",
            replicasAnswered: 2, replicasNeeded: 3)
        #expect(
            actions(&get) { $0.failed(nodeC, .down, &$1) } == [.fail(error), .repair(nodeA, new), .finished])
    }

    @Test func failsWhenAllHaveAnsweredAndSaysWhy() {
        var get = coordinator(r: 2, threeNodes + [nodeD])
        _ = actions(&get) { $0.start(&$1) }
        #expect(actions(&get) { $0.failed(nodeA, .down, &$1) } == [])
        #expect(actions(&get) { $0.failed(nodeB, .busy, &$1) } == [])
        let error = RequestError(
            code: .quorumNotReached,
            message: "1 of 4 replicas answered, 2 needed: 2 unreachable, 1 overloaded",
            replicasAnswered: 1, replicasNeeded: 2)
        #expect(actions(&get) { $0.failed(nodeC, .down, &$1) } == [])
        #expect(actions(&get) { $0.received(old, from: nodeD, &$1) } == [.fail(error), .finished])
    }

    @Test func tooFewReplicasFailBeforeAnythingIsAsked() {
        var get = coordinator(r: 2, [nodeA])
        let error = RequestError(
            code: .quorumNotReached, message: "0 of 1 replicas answered, 2 needed", replicasAnswered: 0,
            replicasNeeded: 2)
        #expect(actions(&get) { $0.start(&$1) } == [.fail(error), .finished])
    }

    @Test func theDeadlineFailsWithTheCount() {
        var get = coordinator(r: 3)
        _ = actions(&get) { $0.start(&$1) }
        _ = actions(&get) { $0.received(old, from: nodeB, &$1) }
        let error = RequestError(
            code: .deadlineExceeded, message: "1 of 3 replicas answered in time, 3 needed: 2 silent",
            replicasAnswered: 1, replicasNeeded: 3)
        #expect(actions(&get) { $0.deadlineElapsed(&$1) } == [.fail(error), .finished])
        #expect(actions(&get) { $0.deadlineElapsed(&$1) } == [])
        #expect(actions(&get) { $0.received(new, from: nodeA, &$1) } == [])
        #expect(actions(&get) { $0.failed(nodeC, .down, &$1) } == [])
    }

    @Test func theDeadlineEndsTheWaitForRepair() {
        var get = coordinator(r: 2)
        _ = actions(&get) { $0.start(&$1) }
        _ = actions(&get) { $0.received(old, from: nodeB, &$1) }
        #expect(actions(&get) { $0.received(new, from: nodeA, &$1) } == [.respond(new)])
        #expect(actions(&get) { $0.deadlineElapsed(&$1) } == [.repair(nodeB, new), .finished])
    }

    @Test func aReplicaCountsOnce() {
        var get = coordinator(r: 2)
        _ = actions(&get) { $0.start(&$1) }
        #expect(actions(&get) { $0.received(old, from: nodeA, &$1) } == [])
        #expect(actions(&get) { $0.received(new, from: nodeA, &$1) } == [])
        #expect(actions(&get) { $0.failed(nodeA, .down, &$1) } == [])
        #expect(actions(&get) { $0.received(new, from: nodeD, &$1) } == [])
        #expect(actions(&get) { $0.received(old, from: nodeC, &$1) } == [.respond(old)])
    }

    // MARK: Asking only a quorum

    @Test func asksOneMoreForEachFailure() {
        var get = coordinator(r: 2, fanout: .quorum, threeNodes + [nodeD])
        #expect(actions(&get) { $0.start(&$1) } == [.ask(nodeA), .ask(nodeB), .startHedge])
        #expect(actions(&get) { $0.received(old, from: nodeC, &$1) } == [])
        #expect(actions(&get) { $0.failed(nodeA, .down, &$1) } == [.ask(nodeC)])
        #expect(actions(&get) { $0.failed(nodeB, .down, &$1) } == [.ask(nodeD)])
        _ = actions(&get) { $0.received(old, from: nodeC, &$1) }
        #expect(
            actions(&get) { $0.received(new, from: nodeD, &$1) } == [
                .respond(new), .repair(nodeC, new), .finished,
            ])
    }

    @Test func asksOneMoreWhenTheReplicasTakeLong() {
        var get = coordinator(r: 2, fanout: .quorum)
        _ = actions(&get) { $0.start(&$1) }
        _ = actions(&get) { $0.received(old, from: nodeB, &$1) }
        #expect(actions(&get) { $0.hedgeElapsed(&$1) } == [.ask(nodeC)])
        #expect(actions(&get) { $0.received(old, from: nodeC, &$1) } == [.respond(old)])
        #expect(actions(&get) { $0.received(new, from: nodeA, &$1) }.count == 3, "two repairs and the end")
    }

    @Test func aHedgeThatComesTooLateAsksNobody() {
        var get = coordinator(r: 1, fanout: .quorum)
        _ = actions(&get) { $0.start(&$1) }
        #expect(actions(&get) { $0.received(old, from: nodeA, &$1) } == [.respond(old), .finished])
        #expect(actions(&get) { $0.hedgeElapsed(&$1) } == [])
    }

    @Test func noHedgeIsArmedWhenAllAreAsked() {
        for fanout in [ReadFanout.all, .quorum] {
            var get = coordinator(r: 3, fanout: fanout)
            #expect(actions(&get) { $0.start(&$1) } == threeNodes.map { .ask($0) })
            #expect(actions(&get) { $0.hedgeElapsed(&$1) } == [])
        }
    }
}
