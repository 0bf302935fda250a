import ClusterCore
import Testing

@Suite struct PutConditionTests {
    private let first = Versions.written("first", actor: 1, counter: 1)
    private var second: Versions { .written("second", actor: 2, counter: 2, seen: first) }
    private let now: UInt64 = 1_000

    private func coordinator(
        _ condition: WriteCondition, context: CausalContext = CausalContext()
    ) -> ConditionalPut {
        ConditionalPut(
            local: nodeA, replicas: threeNodes, sets: ReplicaSets(threeNodes), r: 2, w: 2, policy: .siblings,
            fanout: .all,
            condition: condition, context: context)
    }

    private func actions(
        _ put: inout ConditionalPut, _ event: (inout ConditionalPut, inout [ConditionalPut.Action]) -> Void
    ) -> [ConditionalPut.Action] {
        var actions: [ConditionalPut.Action] = []
        event(&put, &actions)
        return actions
    }

    /// What comes of it when the first two replicas answer these.
    private func verdict(_ put: inout ConditionalPut, _ a: Versions?, _ b: Versions?) -> [ConditionalPut
        .Action]
    {
        #expect(actions(&put) { $0.start(&$1) } == threeNodes.map { .read(.ask($0)) })
        #expect(actions(&put) { $0.received(a, from: nodeA, now: now, &$1) } == [])
        return actions(&put) { $0.received(b, from: nodeB, now: now, &$1) }
    }

    @Test func writesIfTheKeyIsAbsent() {
        let deleted = first.deleted(actor: 2, counter: 2)
        let expired = Versions.written("x", actor: 1, counter: 1, expiresAt: now)
        for absent in [Versions(), deleted, expired] {
            var put = coordinator(.ifAbsent)
            #expect(verdict(&put, absent, nil) == [.write(.writeLocally(context: absent.causalContext))])
        }
    }

    @Test func refusesIfTheKeyHasAValueAndRepairsWhatIsStale() {
        let error = RequestError(code: .preconditionFailed, message: "the key has a value")
        var put = coordinator(.ifAbsent)
        #expect(verdict(&put, nil, first) == [.fail(error)])
        #expect(
            actions(&put) { $0.received(second, from: nodeC, now: now, &$1) }
                == [.read(.repair(nodeA, second)), .read(.repair(nodeB, second)), .finished])
        #expect(actions(&put) { $0.deadlineElapsed(&$1) } == [])
    }

    @Test func aValueThatHasNotExpiredIsThere() {
        var put = coordinator(.ifAbsent)
        let value = Versions.written("x", actor: 1, counter: 1, expiresAt: now + 1)
        #expect(verdict(&put, value, nil).count == 1)
        #expect(actions(&put) { $0.localDone(first, &$1) } == [], "nothing is being written")
    }

    @Test func writesIfTheContextMatches() {
        var put = coordinator(.ifMatch(second.context))
        #expect(verdict(&put, first, second) == [.write(.writeLocally(context: second.causalContext))])
    }

    @Test(arguments: [true, false])
    func refusesIfTheContextIsOlderOrEmpty(isOlder: Bool) {
        var put = coordinator(.ifMatch(isOlder ? first.context : VersionVector()))
        let error = RequestError(
            code: .preconditionFailed, message: "the key was written since that context was read, or never")
        #expect(verdict(&put, isOlder ? second : nil, nil) == [.fail(error)])
    }

    @Test func theWriteCountsAsMadeByOneWhoSawBothWhatWasReadAndWhatTheClientSaw() {
        let deleted = first.deleted(actor: 1, counter: 2)
        var put = coordinator(.ifAbsent, context: second.causalContext)
        var both = deleted.causalContext
        both.join(second.causalContext)
        #expect(verdict(&put, deleted, nil) == [.write(.writeLocally(context: both))])
    }

    @Test func goesOnLikeAnyPutAndIgnoresTheRestOfTheReading() {
        var put = coordinator(.ifAbsent)
        _ = verdict(&put, nil, nil)
        #expect(actions(&put) { $0.received(second, from: nodeC, now: now, &$1) } == [])
        #expect(actions(&put) { $0.failedToRead(nodeC, .down, &$1) } == [])
        #expect(actions(&put) { $0.hedgeElapsed(&$1) } == [])
        #expect(
            actions(&put) { $0.localDone(first, &$1) }
                == [.write(.replicate(nodeB, first)), .write(.replicate(nodeC, first))])
        #expect(actions(&put) { $0.failedToWrite(nodeC, .down, &$1) } == [])
        #expect(
            actions(&put) { $0.acked(from: nodeB, &$1) } == [
                .write(.respond(first)), .write(.keepHint(for: nodeC, first)), .finished,
            ])
        #expect(actions(&put) { $0.deadlineElapsed(&$1) } == [])
    }

    @Test func fallbacksServeTheReadingAndTheWrite() {
        let nodeE = NodeID(rawValue: 5)
        var put = ConditionalPut(
            local: nodeA, replicas: threeNodes, sets: ReplicaSets(threeNodes), r: 2, w: 2, policy: .siblings,
            fanout: .all, condition: .ifAbsent, context: CausalContext(), fallbacks: [nodeD, nodeE])
        _ = actions(&put) { $0.start(&$1) }
        _ = actions(&put) { $0.received(nil, from: nodeA, now: now, &$1) }
        #expect(
            actions(&put) { $0.failedToRead(nodeB, .down, &$1) } == [
                .read(.askFallback(nodeD, for: threeNodes))
            ])
        let deleted = first.deleted(actor: 1, counter: 2)
        #expect(
            actions(&put) { $0.received(deleted, from: nodeD, now: now, &$1) } == [
                .write(.writeLocally(context: deleted.causalContext))
            ])
        #expect(actions(&put) { $0.localDone(first, &$1) }.last == .write(.startFallbackTimer))
        #expect(
            actions(&put) { $0.fallbackElapsed(&$1) } == [
                .write(.hint(nodeD, for: nodeB, first)), .write(.hint(nodeE, for: nodeC, first)),
            ])
        #expect(actions(&put) { $0.acked(from: nodeE, &$1) } == [.write(.respond(first))])
    }

    @Test func eitherPhaseCanFail() {
        var reading = coordinator(.ifAbsent)
        _ = actions(&reading) { $0.start(&$1) }
        _ = actions(&reading) { $0.failedToRead(nodeB, .down, &$1) }
        _ = actions(&reading) { $0.failedToRead(nodeC, .down, &$1) }
        let refusal = actions(&reading) { $0.received(nil, from: nodeA, now: now, &$1) }
        guard refusal.count == 2, refusal.last == .finished, case .fail(let unread) = refusal.first else {
            Issue.record("\(refusal)")
            return
        }
        #expect(unread.code == .quorumNotReached && unread.replicasAnswered == 1)
        var writing = coordinator(.ifAbsent)
        _ = verdict(&writing, nil, nil)
        let failure = actions(&writing) { $0.localFailed(.full, &$1) }
        #expect(failure.count == 2 && failure.last == .finished)
        guard case .fail(let error) = failure.first else {
            Issue.record("no failure: \(failure)")
            return
        }
        #expect(error.code == .noSpace)
    }

    @Test(arguments: [true, false])
    func theDeadlineEndsEitherPhase(isWriting: Bool) {
        var put = coordinator(.ifAbsent)
        if isWriting { _ = verdict(&put, nil, nil) } else { _ = actions(&put) { $0.start(&$1) } }
        let end = actions(&put) { $0.deadlineElapsed(&$1) }
        guard case .fail(let error) = end.first else {
            Issue.record("no failure: \(end)")
            return
        }
        #expect(error.code == .deadlineExceeded)
        #expect(end.dropFirst() == [.finished])
        #expect(actions(&put) { $0.deadlineElapsed(&$1) } == [])
    }
}
