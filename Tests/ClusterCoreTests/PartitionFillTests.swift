import Testing

@testable import ClusterCore

@Suite struct PartitionFillTests {
    private typealias Action = PartitionFill.Action

    private func move(_ partition: Int, _ sources: [NodeID]) -> PartitionMove {
        PartitionMove(partition: partition, reason: .added, sources: sources)
    }

    /// A key of the partition, by its place in the order.
    private func key(_ number: Int, in partition: Int) -> StorageKey {
        StorageKey(bytes: [UInt8(partition >> 8), UInt8(partition & 0xFF), 1, 98, UInt8(number)])!
    }

    private func ask(_ partition: Int, after: StorageKey? = nil, of node: NodeID) -> Action {
        .ask(PageRequest(partition: partition, after: after, maxBytes: 100), of: node)
    }

    private func fill(
        _ moves: [PartitionMove], concurrency: Int = 1, bytesPerSecond: Int = 1 << 40,
        progress: FillProgress = FillProgress(mark: [1])
    ) -> PartitionFill {
        let limits = PartitionFill.Limits(
            concurrency: concurrency, pageBytes: 100, bytesPerSecond: bytesPerSecond, retryPause: 50)
        return PartitionFill(moves, limits: limits, progress: progress)
    }

    private func actions(
        _ fill: inout PartitionFill, _ event: (inout PartitionFill, inout [Action]) -> Void
    ) -> [Action] {
        var actions: [Action] = []
        event(&fill, &actions)
        return actions
    }

    /// A page of one row, or of none.
    private func store(
        _ fill: inout PartitionFill, _ partition: Int, last: StorageKey?, isLast: Bool, bytes: Int = 10,
        at now: UInt64 = 0
    ) -> [Action] {
        actions(&fill) {
            $0.stored(
                partition: partition, last: last, rows: last == nil ? 0 : 1, bytes: bytes, isLast: isLast,
                now: now, &$1)
        }
    }

    @Test func everySourceIsReadToItsEnd() {
        var fill = fill([move(7, [nodeB, nodeC])])
        #expect(actions(&fill) { $0.advance(now: 0, &$1) } == [ask(7, of: nodeB)])
        #expect(
            store(&fill, 7, last: key(1, in: 7), isLast: false) == [ask(7, after: key(1, in: 7), of: nodeB)])
        #expect(store(&fill, 7, last: key(2, in: 7), isLast: true) == [ask(7, of: nodeC)])
        #expect(fill.partitionsLeft == 1)
        #expect(store(&fill, 7, last: nil, isLast: true) == [.finished])
        #expect(fill.partitionsLeft == 0 && fill.rows == 2 && fill.bytes == 30)
        #expect(actions(&fill) { $0.advance(now: 9, &$1) } == [], "it finishes once")
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

    @Test func pagesKeepToTheRate() {
        var fill = fill([move(7, [nodeB])], bytesPerSecond: 1_000)
        _ = actions(&fill) { $0.advance(now: 0, &$1) }
        let next = ask(7, after: key(1, in: 7), of: nodeB)
        #expect(store(&fill, 7, last: key(1, in: 7), isLast: false, bytes: 250, at: 100) == [.wake(at: 350)])
        #expect(actions(&fill) { $0.advance(now: 350, &$1) } == [next])
    }

    @Test func itGoesOnWhereAnEarlierRunEnded() throws {
        let moves = [move(7, [nodeB, nodeC]), move(8, [nodeB])]
        var first = fill(moves)
        _ = actions(&first) { $0.advance(now: 0, &$1) }
        _ = store(&first, 7, last: nil, isLast: true)
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
        _ = store(&run, 258, last: key(3, in: 258), isLast: false)
        let bytes = run.progress.encoded()
        #expect(
            bytes == [1, 1, 1, 2]
                + [0x82, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0]
                + [0x82, 2, 0, 0, 0, 0, 0, 0, 0, 3, 1, 5, 1, 2, 1, 98, 3])
        for count in 0..<bytes.count {
            #expect(throws: CodecError.self) { try FillProgress.decode(Array(bytes[..<count])) }
        }
        var foreign = bytes
        foreign[bytes.count - 4] = 9
        #expect(throws: CodecError.self, "a key of another partition") { try FillProgress.decode(foreign) }
    }
}
