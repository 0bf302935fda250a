import ClusterCore
import Testing

@Suite struct QuorumForwardTests {
    private let response = Response.read(Reading())

    private func actions(
        _ attempts: inout ForwardAttempts,
        _ event: (inout ForwardAttempts, inout [ForwardAttempts.Action]) -> Void
    ) -> [ForwardAttempts.Action] {
        var actions: [ForwardAttempts.Action] = []
        event(&attempts, &actions)
        return actions
    }

    @Test(arguments: [true, false])
    func triesTheNextWhenARequestWasNotTaken(isRead: Bool) {
        var attempts = ForwardAttempts(replicas: threeNodes, kind: isRead ? .read : .put)
        #expect(actions(&attempts) { $0.start(&$1) } == [.send(nodeA, isRepeated: false)])
        #expect(actions(&attempts) { $0.refused(by: nodeA, .down, &$1) } == [.send(nodeB, isRepeated: false)])
        let draining = Response.failed(RequestError(code: .shuttingDown))
        #expect(
            actions(&attempts) { $0.answered(by: nodeB, draining, &$1) } == [.send(nodeC, isRepeated: false)])
        #expect(actions(&attempts) { $0.answered(by: nodeC, response, &$1) } == [.respond(response)])
        #expect(actions(&attempts) { $0.answered(by: nodeC, response, &$1) } == [])
        #expect(actions(&attempts) { $0.deadlineElapsed(&$1) } == [])
    }

    @Test func failsWhenNoReplicaTakesIt() {
        var attempts = ForwardAttempts(replicas: [nodeA, nodeB], kind: .put)
        _ = actions(&attempts) { $0.start(&$1) }
        _ = actions(&attempts) { $0.refused(by: nodeA, .down, &$1) }
        let error = RequestError(
            code: .quorumNotReached, message: "0 of 2 replicas answered, 1 needed: 2 unreachable",
            replicasNeeded: 1)
        #expect(actions(&attempts) { $0.refused(by: nodeB, .down, &$1) } == [.fail(error)])
        #expect(actions(&attempts) { $0.refused(by: nodeB, .down, &$1) } == [])
    }

    @Test func aReadThatWasLostIsSentAgain() {
        var attempts = ForwardAttempts(replicas: [nodeA, nodeB], kind: .read)
        _ = actions(&attempts) { $0.start(&$1) }
        #expect(actions(&attempts) { $0.lost(nodeB, &$1) } == [], "nothing was sent there")
        #expect(actions(&attempts) { $0.lost(nodeA, &$1) } == [.send(nodeB, isRepeated: false)])
        #expect(actions(&attempts) { $0.answered(by: nodeA, response, &$1) } == [], "it was given up")
        #expect(actions(&attempts) { $0.lost(nodeB, &$1) }.count == 1)
    }

    @Test func aPutThatWasLostIsRepeatedAsSuch() {
        var attempts = ForwardAttempts(replicas: threeNodes, kind: .put)
        _ = actions(&attempts) { $0.start(&$1) }
        #expect(actions(&attempts) { $0.lost(nodeA, &$1) } == [.send(nodeB, isRepeated: true)])
        #expect(actions(&attempts) { $0.refused(by: nodeB, .down, &$1) } == [.send(nodeC, isRepeated: true)])
        guard case .fail(let error)? = actions(&attempts, { $0.lost(nodeC, &$1) }).first else {
            Issue.record("no failure")
            return
        }
        #expect(error.code == .quorumNotReached && error.message.hasSuffix("outcome unknown"))
    }

    @Test func whatTheNextRefusesMayHaveBeenDoneByTheLost() {
        for code in [RequestError.Code.overloaded, .noSpace, .quorumNotReached] {
            var attempts = ForwardAttempts(replicas: threeNodes, kind: .put)
            _ = actions(&attempts) { $0.start(&$1) }
            _ = actions(&attempts) { $0.lost(nodeA, &$1) }
            let refusal = RequestError(code, "no", replicasAnswered: 1, replicasNeeded: 2)
            let unknown = RequestError(
                .quorumNotReached, "no; outcome unknown", replicasAnswered: 1, replicasNeeded: 2)
            #expect(actions(&attempts) { $0.answered(by: nodeB, .failed(refusal), &$1) } == [.fail(unknown)])
            #expect(actions(&attempts) { $0.answered(by: nodeB, response, &$1) } == [])
        }
    }

    @Test func whatTheNextRefusesOfAReadIsTheAnswer() {
        var attempts = ForwardAttempts(replicas: threeNodes, kind: .read)
        _ = actions(&attempts) { $0.start(&$1) }
        _ = actions(&attempts) { $0.lost(nodeA, &$1) }
        let overloaded = Response.failed(RequestError(.overloaded))
        #expect(actions(&attempts) { $0.answered(by: nodeB, overloaded, &$1) } == [.respond(overloaded)])
    }

    /// Else a client would take it that no replica was asked, and put the value a second time.
    @Test func whatTheLostMayHaveDoneIsNotSaidToHaveAskedNobody() {
        var attempts = ForwardAttempts(replicas: threeNodes, kind: .put)
        _ = actions(&attempts) { $0.start(&$1) }
        _ = actions(&attempts) { $0.lost(nodeA, &$1) }
        let end = actions(&attempts) { $0.answered(by: nodeB, .failed(RequestError(.overloaded)), &$1) }
        guard case .fail(let error)? = end.first else { return #expect(Bool(false), "\(end)") }
        #expect(error.replicasNeeded == 1)
    }

    /// No coordinator was lost here, but one could not send its reply.
    @Test(arguments: [ForwardAttempts.Kind.put, .once])
    func aPutWhoseReplyFoundNoRoomMayBeDone(kind: ForwardAttempts.Kind) {
        var attempts = ForwardAttempts(replicas: threeNodes, kind: kind)
        _ = actions(&attempts) { $0.start(&$1) }
        let next = actions(&attempts) { $0.refused(by: nodeA, ReplicaError(.unanswered), &$1) }
        #expect(attempts.mayBeDone)
        if kind == .put {
            #expect(next == [.send(nodeB, isRepeated: true)])
        } else {
            guard case .fail(let error)? = next.first else { return #expect(Bool(false), "\(next)") }
            #expect(error.message.hasSuffix("outcome unknown"))
        }
    }

    @Test func aConditionalPutThatWasLostIsNotSentAgain() {
        var attempts = ForwardAttempts(replicas: threeNodes, kind: .once)
        _ = actions(&attempts) { $0.start(&$1) }
        let end = actions(&attempts) { $0.lost(nodeA, &$1) }
        guard case .fail(let error) = end.first, end.count == 1 else {
            Issue.record("no failure: \(end)")
            return
        }
        #expect(error.code == .quorumNotReached)
        #expect(error.message.contains("outcome unknown"))
        #expect(actions(&attempts) { $0.answered(by: nodeA, response, &$1) } == [])
        #expect(actions(&attempts) { $0.refused(by: nodeA, .down, &$1) } == [])
    }

    @Test func whoIsNoReplicaByItsOwnLayoutHasDoneNothing() {
        var attempts = ForwardAttempts(replicas: [nodeA, nodeB], kind: .put)
        _ = actions(&attempts) { $0.start(&$1) }
        let refusal = Response.failed(RequestError(code: .layoutChanging))
        #expect(
            actions(&attempts) { $0.answered(by: nodeA, refusal, &$1) } == [.send(nodeB, isRepeated: false)])
        let error = RequestError(
            code: .quorumNotReached, message: "0 of 2 replicas answered, 1 needed: 2 at another layout",
            replicasNeeded: 1)
        #expect(actions(&attempts) { $0.answered(by: nodeB, refusal, &$1) } == [.fail(error)])
    }

    @Test func otherFailuresAreTheAnswer() {
        var attempts = ForwardAttempts(replicas: threeNodes, kind: .read)
        _ = actions(&attempts) { $0.start(&$1) }
        let overloaded = Response.failed(RequestError(code: .overloaded))
        #expect(actions(&attempts) { $0.answered(by: nodeA, overloaded, &$1) } == [.respond(overloaded)])
    }

    @Test(arguments: [true, false])
    func theDeadlineLeavesTheOutcomeOfAPutOpen(isRead: Bool) {
        var attempts = ForwardAttempts(replicas: threeNodes, kind: isRead ? .read : .put)
        _ = actions(&attempts) { $0.start(&$1) }
        let error = RequestError(
            code: .deadlineExceeded,
            message: "0 of 3 replicas answered in time, 1 needed: 1 silent"
                + (isRead ? "" : "; outcome unknown"),
            replicasNeeded: 1)
        #expect(actions(&attempts) { $0.deadlineElapsed(&$1) } == [.fail(error)])
        #expect(actions(&attempts) { $0.answered(by: nodeA, response, &$1) } == [])
    }
}
