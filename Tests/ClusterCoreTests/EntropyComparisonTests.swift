import Testing

@testable import ClusterCore

@Suite struct EntropyComparisonTests {
    /// Two complete replicas with the same 40 keys.
    private func pair() -> (here: EntropyReplica, there: EntropyReplica) {
        var replica = EntropyReplica()
        for number in 0..<40 {
            replica.merge(.written("v", actor: 1, counter: UInt64(number + 1)), at: entropyKey(number))
        }
        replica.build()
        return (replica, replica)
    }

    private let new = Versions.written("new", actor: 2, counter: 100)

    @Test func equalTreesEndAtTheRoot() {
        let (here, there) = pair()
        var run = EntropyRun(here, there)
        #expect(run.work.count == 2)
        run.finish()
        #expect(run.report == ComparisonReport() && run.keyPages == 0 && run.exchanges == 0)
    }

    /// A value on one side, on both sides, a delete, an expired value: states, all of them.
    @Test func eachKindOfDifferenceIsRepairedWithTheFewestSteps() {
        let old = Versions.written("v", actor: 1, counter: 8)
        let expired = Versions.written("v", actor: 2, counter: 9, seen: old, expiresAt: 1)
        let deleted = old.deleted(actor: 2, counter: 9)
        let kinds:
            [(here: Versions?, there: Versions?, exchanges: Int, repairedHere: Int, repairedThere: Int)] = [
                (new, nil, 2, 0, 1), (nil, new, 1, 1, 0), (old, new, 2, 1, 1),
                (deleted, nil, 2, 0, 1), (nil, deleted, 1, 1, 0), (old, deleted, 1, 1, 0),
                (deleted, old, 2, 0, 1),
                (expired, old, 2, 0, 1), (old, expired, 1, 1, 0), (nil, expired, 1, 1, 0),
            ]
        for (index, kind) in kinds.enumerated() {
            var (here, there) = pair()
            let key = entropyKey(77)
            if let versions = kind.here { here.merge(versions, at: key) }
            if let versions = kind.there { there.merge(versions, at: key) }
            var run = EntropyRun(here, there)
            run.finish()
            let report = run.report ?? ComparisonReport(outcome: .failed)
            #expect(run.here.rows == run.there.rows && run.here.rows[key] != nil, "kind \(index)")
            #expect(report.outcome == .done && report.leavesDiffering == 1, "kind \(index)")
            #expect(report.keysDiffering == 1 && run.exchanges == kind.exchanges, "kind \(index)")
            #expect(report.repairedHere == kind.repairedHere, "kind \(index)")
            #expect(report.repairedThere == kind.repairedThere, "kind \(index)")
            #expect(run.here.trees[0]!.root(depth: 0) == run.there.trees[0]!.root(depth: 0), "kind \(index)")
        }
    }

    @Test func aWriteOnItsWayCausesNoScan() {
        var (here, there) = pair()
        here.merge(new, at: entropyKey(3))
        var run = EntropyRun(here, there)
        run.reachPause()
        #expect(run.wake == 1000 + run.limits.confirmPause)
        run.there.merge(new, at: entropyKey(3))
        run.finish()
        #expect(run.report?.leavesSuspected == 1 && run.report?.leavesDiffering == 0)
        #expect(run.report?.outcome == .done && run.keyPages == 0)
    }

    /// A leaf that begins to differ during the pause is not yet confirmed; the one that goes on is.
    @Test func onlyLeavesThatDifferBothTimesCount() {
        var (here, there) = pair()
        here.merge(new, at: entropyKey(3))
        var run = EntropyRun(here, there)
        run.reachPause()
        for number in 200..<230 { run.there.merge(new, at: entropyKey(number)) }
        run.finish()
        #expect(run.report?.leavesDiffering == 1 && run.report?.repairedThere == 1)
        #expect(run.here.rows[entropyKey(3)] == run.there.rows[entropyKey(3)])
        #expect(run.here.rows[entropyKey(200)] == nil)
    }

    @Test func tooEarlyAWakeWaitsOn() {
        var (here, there) = pair()
        here.merge(new, at: entropyKey(3))
        var run = EntropyRun(here, there)
        run.reachPause()
        run.step { $0.tick(now: 1001, &$2) }
        #expect(run.work.isEmpty)
        run.finish()
        #expect(run.report?.repairedThere == 1)
    }

    @Test func keysThatBothAreNotToHoldAreLeftAlone() {
        var (here, there) = pair()
        here.merge(new, at: entropyKey(50, n: 2))
        here.merge(new, at: entropyKey(51, n: 3))
        there.merge(new, at: entropyKey(52, n: 1))
        var run = EntropyRun(here, there, depth: 2)
        run.finish()
        #expect(run.exchanged == [entropyKey(51, n: 3)])
        run = EntropyRun(run.here, run.there, depth: 1)
        run.finish()
        #expect(run.exchanged == [entropyKey(50, n: 2)])
        #expect(run.here.rows[entropyKey(52, n: 1)] == nil)
    }

    @Test(arguments: [true, false]) func aTreeThatIsNotCompleteEndsIt(isHere: Bool) {
        var (here, there) = pair()
        if isHere { here.unbuild() } else { there.unbuild() }
        var run = EntropyRun(here, there)
        run.finish()
        #expect(run.report == ComparisonReport(outcome: .notReady))
        // The tree that is unbuilt later, during the pause, ends it too.
        (here, there) = pair()
        here.merge(new, at: entropyKey(3))
        run = EntropyRun(here, there)
        run.reachPause()
        if isHere { run.here.unbuild() } else { run.there.unbuild() }
        run.finish()
        #expect(run.report?.outcome == .notReady && run.report?.leavesSuspected == 1)
    }

    /// Fails each question in turn, until none is left to fail.
    @Test func aQuestionThatFailsEndsIt() {
        for failing in 0..<100 {
            var (here, there) = pair()
            for number in 50..<60 { there.merge(new, at: entropyKey(number)) }
            here.merge(new, at: entropyKey(61))
            var run = EntropyRun(here, there, limits: .init(pageRows: 7))
            var questions = 0
            while run.report == nil {
                if let first = run.work.first {
                    if case .ask = first { questions += 1 }
                    let fails = if case .ask = first { questions == failing + 1 } else { false }
                    run.perform(0, isDone: !fails)
                } else {
                    run.awake()
                }
            }
            if questions <= failing {
                #expect(failing > 8 && run.report?.outcome == .done && run.here.rows == run.there.rows)
                return
            }
            #expect(run.report?.outcome == .failed, "question \(failing)")
        }
        Issue.record("the questions have no end")
    }

    @Test func keysThatFailAreCountedAndTheRestGoesOn() {
        var (here, there) = pair()
        for number in 50..<60 { there.merge(new, at: entropyKey(number)) }
        var run = EntropyRun(here, there, limits: .init(maxKeysInFlight: 2, maxFailures: 3))
        run.reachFirstExchange()
        run.perform(0, isDone: false)
        run.perform(0, isTold: false)
        run.finish()
        #expect(run.report?.outcome == .done && run.report?.keysFailed == 2)
        #expect(run.report?.repairedHere == 8 && run.report?.keysDiffering == 10)
    }

    @Test(arguments: [true, false]) func tooManyKeysThatFailEndIt(allFail: Bool) {
        var (here, there) = pair()
        for number in 50..<60 { there.merge(new, at: entropyKey(number)) }
        var run = EntropyRun(here, there, limits: .init(maxKeysInFlight: 4, maxFailures: 3))
        here = run.here
        run.reachFirstExchange()
        for _ in 0..<3 { run.perform(0, isDone: false) }
        // What was begun ends, and counts.
        #expect(run.report == nil && !run.work.isEmpty)
        let left = run.work.count
        while !run.work.isEmpty { run.perform(0, isDone: !allFail) }
        #expect(run.report?.outcome == .failed && run.report?.keysFailed == 3 + (allFail ? left : 0))
        #expect(run.report?.repairedHere == (allFail ? 0 : left))
        #expect(here.rows.count == run.here.rows.count - (allFail ? 0 : left))
    }

    @Test func stopEndsItAtOnce() {
        var (here, there) = pair()
        for number in 50..<60 { there.merge(new, at: entropyKey(number)) }
        var run = EntropyRun(here, there)
        run.reachFirstExchange()
        run.step { $0.stop(&$2) }
        #expect(run.report?.outcome == .stopped && run.report?.repairedHere == 0)
        // Late answers have no effect: `EntropyRun` would note any further action.
        while !run.work.isEmpty { run.perform(0) }
        run.step { $0.stop(&$2) }
    }

    @Test func theThrottleSpreadsTheExchangeOverTime() {
        var (here, there) = pair()
        let text = String(repeating: "x", count: 1000)
        for number in 50..<70 {
            there.merge(.written(text, actor: 2, counter: UInt64(number)), at: entropyKey(number))
        }
        var run = EntropyRun(
            here, there, limits: .init(confirmPause: 0, maxBytesInFlight: 3000, bytesPerSecond: 10_000))
        run.finish()
        #expect(run.report?.repairedHere == 20 && run.report!.bytes > 20_000)
        // 21 kB at 10 kB/s, less the burst and the last.
        #expect(run.now > 1000 + 1800 && run.now < 1000 + 2300)
        here = run.here
        #expect(here.rows == run.there.rows)
    }

    /// Some replies that no replica in its right mind gives.
    @Test func nonsenseEndsIt() {
        let (here, there) = pair()
        var other = there
        other.merge(new, at: entropyKey(3))
        let nonsense: [TreeReply] = [
            .children([1]), .children([]), .roots([TreeRoot(sum: 1)]), .noted,
            .keys(TreeKeysReply(rows: [], upTo: nil)),
        ]
        for reply in nonsense {
            var run = EntropyRun(here, other)
            run.perform(0)
            run.step { $0.received(reply, from: .there, now: $1, &$2) }
            #expect(run.report?.outcome == .failed)
        }
        let key = StorageKey(bytes: [0, 9, 2, 0x6e, 0x33, 1])!
        var run = EntropyRun(here, other)
        run.reachPause()
        run.awake()
        while run.keyPages == 0 { run.perform(0) }
        let page = TreeKeysReply(rows: [KeyRow(key: key, hash: 1, size: 1)], upTo: nil)
        run.step { $0.received(.keys(page), from: .there, now: $1, &$2) }
        #expect(run.report?.outcome == .failed)
    }
}

extension EntropyRun {
    fileprivate mutating func reachFirstExchange() {
        reachPause()
        awake()
        while exchanges == 0 { perform(0) }
        while let index = work.firstIndex(where: { if case .ask = $0 { true } else { false } }) {
            perform(index)
        }
    }
}
