import Testing

@testable import ClusterCore

@Suite struct PartitionFillTests {
    private typealias Action = PartitionFill.Action

    /// The sources' depths are 1, 2 and so on.
    private func move(
        _ partition: Int, _ sources: [NodeID], _ reason: PartitionMove.Reason = .added
    ) -> PartitionMove {
        PartitionMove(
            partition: partition, reason: reason,
            sources: sources.enumerated().map { SharedPartition.Peer($1, depth: $0 + 1) })
    }

    /// A key of the partition, by its place in the order.
    private func key(_ number: Int, in partition: Int) -> StorageKey {
        StorageKey(bytes: [UInt8(partition >> 8), UInt8(partition & 0xFF), 1, 98, UInt8(number)])!
    }

    private func ask(_ partition: Int, after: StorageKey? = nil, of node: NodeID) -> Action {
        .ask(PageRequest(partition: partition, after: after, maxBytes: 100), of: node)
    }

    private func compare(_ partition: Int, depth: Int, with node: NodeID) -> Action {
        .compare(TreeRef(partition: partition, depth: depth), with: node)
    }

    private func fill(
        _ moves: [PartitionMove], concurrency: Int = 1, maxComparisons: Int = 2,
        bytesPerSecond: Int = 1 << 40, percent: Int = 100, maxFailures: Int = 10,
        progress: FillProgress = FillProgress(mark: [1])
    ) -> PartitionFill {
        let limits = PartitionFill.Limits(
            concurrency: concurrency, maxComparisons: maxComparisons, pageBytes: 100,
            bytesPerSecond: bytesPerSecond, percent: percent, retryPause: 50, maxFailures: maxFailures)
        return PartitionFill(moves, limits: limits, progress: progress)
    }

    private func actions(
        _ fill: inout PartitionFill, _ event: (inout PartitionFill, inout [Action]) -> Void
    ) -> [Action] {
        var actions: [Action] = []
        event(&fill, &actions)
        return actions
    }

    /// A page of one row, or of none. Without what is noted of clocks.
    private func store(
        _ fill: inout PartitionFill, _ partition: Int, last: StorageKey?, isLast: Bool, bytes: Int = 10,
        took: UInt64 = 0, at now: UInt64 = 0
    ) -> [Action] {
        storeAll(&fill, partition, last: last, isLast: isLast, bytes: bytes, took: took, at: now).filter {
            if case .note = $0 { false } else { true }
        }
    }

    private func storeAll(
        _ fill: inout PartitionFill, _ partition: Int, last: StorageKey?, isLast: Bool, bytes: Int = 10,
        seen: PartitionClock = PartitionClock(sizes: 1), took: UInt64 = 0, at now: UInt64 = 0
    ) -> [Action] {
        actions(&fill) {
            $0.stored(
                partition: partition, last: last, rows: last == nil ? 0 : 1, bytes: bytes, seen: seen,
                isLast: isLast, took: took, now: now, &$1)
        }
    }

    /// What was seen of the actors 1, 2 and so on.
    private func clock(_ counters: UInt64...) -> PartitionClock {
        var clock = PartitionClock(sizes: 1)
        let dots = counters.enumerated().map { Dot(actor: UInt64($0) + 1, counter: $1) }
        clock.join(VersionVector(dots), n: 3)
        return clock
    }

    private func end(
        _ fill: inout PartitionFill, _ partition: Int, _ outcome: ComparisonReport.Outcome = .done,
        failed: Int = 0, at now: UInt64 = 0
    ) -> [Action] {
        var report = ComparisonReport()
        report.outcome = outcome
        report.keysFailed = failed
        report.repairedHere = 2
        report.bytes = 7
        return actions(&fill) { $0.compared(partition: partition, report, now: now, &$1) }
    }

    @Test func theFirstSourceIsReadToItsEndAndTheOthersAreComparedWith() {
        var fill = fill([move(7, [nodeB, nodeC])])
        #expect(actions(&fill) { $0.advance(now: 0, &$1) } == [ask(7, of: nodeB)])
        #expect(
            store(&fill, 7, last: key(1, in: 7), isLast: false) == [ask(7, after: key(1, in: 7), of: nodeB)])
        #expect(end(&fill, 7) == [], "nothing is being compared")
        #expect(store(&fill, 7, last: key(2, in: 7), isLast: true) == [compare(7, depth: 2, with: nodeC)])
        #expect(store(&fill, 7, last: nil, isLast: true) == [], "nobody asked for a page")
        #expect(fill.partitionsLeft == 1 && fill.rows == 2 && fill.bytes == 20)
        #expect(end(&fill, 7) == [.finished])
        #expect(fill.partitionsLeft == 0 && fill.rows == 4 && fill.bytes == 27)
        #expect(actions(&fill) { $0.advance(now: 9, &$1) } == [], "it finishes once")
    }

    @Test func whatTheSourceHadSeenAtEachPageIsNotedAtItsEnd() throws {
        var first = fill([move(7, [nodeB])])
        _ = actions(&first) { $0.advance(now: 0, &$1) }
        _ = storeAll(&first, 7, last: key(1, in: 7), isLast: false, seen: clock(5, 3, 2))
        // Its actor of that time is no more: the source has lost writes.
        _ = storeAll(&first, 7, last: key(2, in: 7), isLast: false, seen: clock(4, 8))
        var second = fill([move(7, [nodeB])], progress: try .decode(first.progress.encoded()))
        _ = actions(&second) { $0.advance(now: 0, &$1) }
        let last = storeAll(&second, 7, last: nil, isLast: true, seen: clock(6, 8))
        #expect(last == [.note(TreeRef(partition: 7, depth: 1), clock(4, 3)), .finished])
    }

    @Test func aSourceWhoseTreeIsNotReadyIsReadToItsEnd() {
        var fill = fill([move(7, [nodeB, nodeC])])
        _ = actions(&fill) { $0.advance(now: 0, &$1) }
        _ = store(&fill, 7, last: nil, isLast: true)
        #expect(end(&fill, 7, .notReady) == [ask(7, of: nodeC)])
        #expect(
            store(&fill, 7, last: key(1, in: 7), isLast: false) == [ask(7, after: key(1, in: 7), of: nodeC)])
        #expect(store(&fill, 7, last: key(2, in: 7), isLast: true) == [.finished])
    }

    @Test func comparisonsThatNeedPagesWaitForTheirTurn() {
        var fill = fill([move(0, [nodeB], .promoted), move(1, [nodeB], .promoted)])
        _ = actions(&fill) { $0.advance(now: 0, &$1) }
        #expect(end(&fill, 0, .notReady) == [ask(0, of: nodeB)])
        #expect(end(&fill, 1, .notReady) == [], "one page at a time")
        #expect(store(&fill, 0, last: nil, isLast: true) == [ask(1, of: nodeB)])
        #expect(store(&fill, 1, last: nil, isLast: true) == [.finished])
    }

    @Test(arguments: [(.failed, 0), (.stopped, 0), (.done, 1)] as [(ComparisonReport.Outcome, Int)])
    func aComparisonThatFailsIsBegunAgainAfterAPause(outcome: ComparisonReport.Outcome, failed: Int) {
        var fill = fill([move(7, [nodeB, nodeC])])
        _ = actions(&fill) { $0.advance(now: 0, &$1) }
        _ = store(&fill, 7, last: nil, isLast: true)
        #expect(end(&fill, 7, outcome, failed: failed, at: 1_000) == [.wake(at: 1_050)])
        #expect(actions(&fill) { $0.advance(now: 1_050, &$1) } == [compare(7, depth: 2, with: nodeC)])
        #expect(end(&fill, 7, at: 1_060) == [.finished])
    }

    @Test func whoWasAReplicaBeforeBeginsWithComparisons() {
        var fill = fill((0..<4).map { move($0, [nodeB], .promoted) }, maxComparisons: 2)
        let first = [compare(0, depth: 1, with: nodeB), compare(1, depth: 1, with: nodeB)]
        #expect(actions(&fill) { $0.advance(now: 0, &$1) } == first, "no more at a time than allowed")
        #expect(end(&fill, 1) == [compare(2, depth: 1, with: nodeB)])
    }

    @Test func comparisonsGoOnWhileTheNextPartitionIsCopied() {
        var fill = fill((0..<3).map { move($0, [nodeB, nodeC]) }, maxComparisons: 1)
        _ = actions(&fill) { $0.advance(now: 0, &$1) }
        #expect(store(&fill, 0, last: nil, isLast: true) == [compare(0, depth: 2, with: nodeC)])
        #expect(end(&fill, 0, .notReady) == [ask(0, of: nodeC)])
        #expect(store(&fill, 0, last: nil, isLast: true) == [ask(1, of: nodeB)])
        #expect(store(&fill, 1, last: nil, isLast: true) == [compare(1, depth: 2, with: nodeC)])
        #expect(end(&fill, 1) == [ask(2, of: nodeB)])
    }

    @Test func aPageIsFollowedByAPauseInProportion() {
        var fill = fill([move(7, [nodeB])], percent: 25)
        _ = actions(&fill) { $0.advance(now: 1_000, &$1) }
        let next = ask(7, after: key(1, in: 7), of: nodeB)
        func store(took: UInt64, at now: UInt64) -> [Action] {
            self.store(&fill, 7, last: key(1, in: 7), isLast: false, took: took, at: now)
        }
        #expect(
            store(took: 9_500, at: 1_010) == [.wake(at: 1_039)], "three times as long, in whole milliseconds")
        #expect(actions(&fill) { $0.advance(now: 1_039, &$1) } == [next])
        #expect(store(took: 1_000_000, at: 2_000) == [.wake(at: 2_029)], "as after the quickest of the last")
        _ = actions(&fill) { $0.advance(now: 2_029, &$1) }
        for _ in 0..<6 {
            _ = store(took: 1_000_000, at: 2_050)
            _ = actions(&fill) { $0.advance(now: 2_100, &$1) }
        }
        #expect(store(took: 1_000_000, at: 3_000) == [.wake(at: 3_050)], "no longer than after a failure")
    }

    @Test func noMorePartitionsAreUnderWayThanAllowed() {
        var fill = fill((0..<4).map { move($0, [nodeB]) }, concurrency: 2)
        #expect(actions(&fill) { $0.advance(now: 0, &$1) } == [ask(0, of: nodeB), ask(1, of: nodeB)])
        #expect(store(&fill, 1, last: nil, isLast: true) == [ask(2, of: nodeB)])
        #expect(store(&fill, 0, last: nil, isLast: true) == [ask(3, of: nodeB)])
        #expect(store(&fill, 2, last: nil, isLast: true) == [])
        #expect(store(&fill, 3, last: nil, isLast: true) == [.finished])
    }

    @Test func aSourceThatFailsIsAskedAgainAfterAPause() {
        var fill = fill([move(7, [nodeB])])
        _ = actions(&fill) { $0.advance(now: 0, &$1) }
        _ = store(&fill, 7, last: key(1, in: 7), isLast: false)
        #expect(actions(&fill) { $0.failed(partition: 7, now: 1_000, &$1) } == [.wake(at: 1_050)])
        #expect(actions(&fill) { $0.advance(now: 1_049, &$1) } == [.wake(at: 1_050)])
        #expect(
            actions(&fill) { $0.advance(now: 1_050, &$1) } == [ask(7, after: key(1, in: 7), of: nodeB)])
        #expect(actions(&fill) { $0.failed(partition: 8, now: 1_050, &$1) } == [], "nobody asked for it")
    }

    @Test func aSourceThatGoesOnFailingMakesWayForAllThatCanBeCopiedWithoutIt() {
        var fill = fill([move(7, [nodeB, nodeC]), move(8, [nodeC])], maxFailures: 2)
        _ = actions(&fill) { $0.advance(now: 0, &$1) }
        _ = store(&fill, 7, last: key(1, in: 7), isLast: false)
        #expect(actions(&fill) { $0.failed(partition: 7, now: 100, &$1) } == [.wake(at: 150)])
        #expect(
            actions(&fill) { $0.advance(now: 150, &$1) } == [ask(7, after: key(1, in: 7), of: nodeB)])
        #expect(actions(&fill) { $0.failed(partition: 7, now: 160, &$1) } == [ask(8, of: nodeC)])
        // Something of partition 7 is there to compare.
        #expect(store(&fill, 8, last: nil, isLast: true, at: 170) == [.wake(at: 210)])
        #expect(actions(&fill) { $0.advance(now: 210, &$1) } == [compare(7, depth: 2, with: nodeC)])
        #expect(end(&fill, 7, at: 220) == [compare(7, depth: 1, with: nodeB)])
        #expect(end(&fill, 7, failed: 1, at: 300) == [.wake(at: 350)])
        #expect(actions(&fill) { $0.advance(now: 350, &$1) } == [compare(7, depth: 1, with: nodeB)])
        #expect(end(&fill, 7, failed: 1, at: 400) == [.wake(at: 450)])
        // It is asked for as long as it takes, for what comes behind that which was read.
        for now: UInt64 in stride(from: 450, to: 1_000, by: 100) {
            #expect(
                actions(&fill) { $0.advance(now: now, &$1) } == [ask(7, after: key(1, in: 7), of: nodeB)])
            #expect(
                actions(&fill) { $0.failed(partition: 7, now: now + 50, &$1) } == [.wake(at: now + 100)])
        }
        #expect(fill.partitionsLeft == 1)
    }

    @Test func aSourceThatFailsAtItsFirstPageLeavesTheNextToBeRead() {
        var fill = fill([move(7, [nodeB, nodeC])], maxFailures: 1)
        _ = actions(&fill) { $0.advance(now: 0, &$1) }
        #expect(actions(&fill) { $0.failed(partition: 7, now: 0, &$1) } == [.wake(at: 50)])
        #expect(actions(&fill) { $0.advance(now: 50, &$1) } == [ask(7, of: nodeC)])
        #expect(
            store(&fill, 7, last: key(2, in: 7), isLast: true, at: 60) == [compare(7, depth: 1, with: nodeB)])
        #expect(end(&fill, 7, at: 70) == [.finished])
    }

    @Test func pagesKeepToTheRate() {
        var fill = fill([move(7, [nodeB])], bytesPerSecond: 1_000)
        _ = actions(&fill) { $0.advance(now: 0, &$1) }
        let next = ask(7, after: key(1, in: 7), of: nodeB)
        // 50 ms of the rate were saved up.
        #expect(store(&fill, 7, last: key(1, in: 7), isLast: false, bytes: 250, at: 100) == [.wake(at: 300)])
        #expect(actions(&fill) { $0.advance(now: 300, &$1) } == [next])
        #expect(store(&fill, 7, last: key(1, in: 7), isLast: false, bytes: 250, at: 310) == [.wake(at: 550)])
    }

    @Test func itGoesOnWhereAnEarlierRunEnded() throws {
        let moves = [move(7, [nodeB, nodeC]), move(8, [nodeB])]
        var first = fill(moves, concurrency: 2)
        _ = actions(&first) { $0.advance(now: 0, &$1) }
        _ = store(&first, 7, last: nil, isLast: true)
        var between = fill(moves, progress: first.progress)
        #expect(
            actions(&between) { $0.advance(now: 0, &$1) }
                == [compare(7, depth: 2, with: nodeC), ask(8, of: nodeB)])
        _ = end(&first, 7, .notReady)
        _ = store(&first, 7, last: key(3, in: 7), isLast: false)
        let stored = try FillProgress.decode(first.progress.encoded())
        #expect(stored == first.progress && stored.mark == [1])

        var second = fill(moves, progress: stored)
        #expect(actions(&second) { $0.advance(now: 0, &$1) } == [ask(7, after: key(3, in: 7), of: nodeC)])
        #expect(store(&second, 7, last: nil, isLast: true) == [ask(8, of: nodeB)])
        _ = store(&second, 8, last: nil, isLast: true)
        var third = fill(moves, progress: second.progress)
        #expect(actions(&third) { $0.advance(now: 0, &$1) } == [.finished])
    }

    @Test func progressIsPinnedAndDamageIsRefused() throws {
        var run = fill([move(258, [nodeB, nodeC])])
        _ = actions(&run) { $0.advance(now: 0, &$1) }
        _ = store(&run, 258, last: nil, isLast: true)
        _ = end(&run, 258, .notReady)
        _ = store(&run, 258, last: key(3, in: 258), isLast: false)
        let bytes = run.progress.encoded()
        #expect(
            bytes == [2, 1, 1, 2]
                + [0x82, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0]
                + [0x82, 2, 0, 0, 0, 0, 0, 0, 0, 3, 1, 5, 1, 2, 1, 98, 3]
                + [0, 0, 0, 0, 0, 0, 0, 1, 0])
        for count in 0..<bytes.count {
            #expect(throws: CodecError.self) { try FillProgress.decode(Array(bytes[..<count])) }
        }
        var foreign = bytes
        foreign[bytes.count - 13] = 9
        #expect(throws: CodecError.self, "a key of another partition") { try FillProgress.decode(foreign) }
    }
}
