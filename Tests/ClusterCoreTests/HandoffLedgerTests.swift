import ClusterCore
import Testing

@Suite struct HandoffLedgerTests {
    private func change(
        _ target: NodeID = nodeA, count: Int = 1, bytes: Int = 10, at created: UInt64 = 5
    ) -> HintLedger.Change {
        .init(target: target, count: count, bytes: bytes, createdMillis: created)
    }

    @Test func eachLimitIsNamed() {
        var ledger = HintLedger(
            limits: .init(maxCountPerTarget: 2, maxBytesPerTarget: 100, maxBytes: 150))
        ledger.apply(change(bytes: 80))
        #expect(ledger.limit(exceededBy: change(bytes: 20)) == nil)
        #expect(ledger.limit(exceededBy: change(bytes: 21)) == .bytesPerTarget)
        #expect(ledger.limit(exceededBy: change(nodeB, bytes: 70)) == nil)
        #expect(ledger.limit(exceededBy: change(nodeB, bytes: 71)) == .bytes)
        ledger.apply(change(bytes: 20))
        #expect(ledger.limit(exceededBy: change()) == .countPerTarget)
        #expect(ledger.limit(exceededBy: change(count: 0, bytes: 1)) == .bytesPerTarget)
        #expect(ledger.limit(exceededBy: change(count: 0, bytes: 0)) == nil, "nothing grows")
        #expect(ledger.limit(exceededBy: change(count: 0, bytes: -5)) == nil, "what shrinks has room")
        #expect(ledger.limit(reachedFor: nodeA) == .countPerTarget)
        #expect(ledger.limit(reachedFor: nodeB) == nil)
    }

    @Test func theOldestIsALowerBoundThatAPassMakesExact() {
        var ledger = HintLedger(limits: .init())
        ledger.apply(change(at: 5))
        ledger.apply(change(at: 9))
        ledger.apply(change(count: -1, at: 5))
        #expect(ledger[nodeA].oldestMillis == 5)
        ledger.found(oldestMillis: 9, for: nodeA)
        #expect(ledger[nodeA].oldestMillis == 9 && ledger.oldestMillis == 9)
        ledger.found(oldestMillis: 1, for: nodeB)
        #expect(ledger.targets == [nodeA], "a pass that found nothing opens no account")
    }

    @Test func randomChangesAddUp() {
        var random = QuorumRandom(seed: 3)
        var ledger = HintLedger(limits: .init())
        var rows: [HintLedger.Change] = []
        for _ in 0..<20_000 {
            if random.below(5) < 3 || rows.isEmpty {
                let target = NodeID(rawValue: UInt64(random.below(4)))
                let change = change(target, bytes: 1 + random.below(100), at: UInt64(random.below(1_000)))
                ledger.apply(change)
                // Now and then the commit fails.
                if random.below(4) == 0 { ledger.apply(change.inverse) } else { rows.append(change) }
            } else {
                ledger.apply(rows.remove(at: random.below(rows.count)).inverse)
            }
        }
        #expect(ledger.count == rows.count && ledger.bytes == rows.reduce(0) { $0 + $1.bytes })
        for target in ledger.targets {
            let own = rows.filter { $0.target == target }
            #expect(
                ledger[target].count == own.count && ledger[target].bytes == own.reduce(0) { $0 + $1.bytes })
            #expect(own.allSatisfy { $0.createdMillis >= ledger[target].oldestMillis })
        }
        for row in rows { ledger.apply(row.inverse) }
        #expect(ledger == HintLedger(limits: .init()))
    }
}
