import ClusterCore
import Testing

@Suite struct HandoffSenderTests {
    typealias Action = HandoffSender.Action

    private func hint(_ number: UInt8, at created: UInt64 = 1_000) -> Hint {
        Hint(
            key: StorageKey(bucket: "b", key: [number], partitionCount: 16), createdMillis: created,
            policy: .siblings, versions: .written("v", actor: 1, counter: UInt64(number) + 1))
    }

    private func actions(
        _ sender: inout HandoffSender, _ event: (inout HandoffSender, inout [Action]) -> Void
    ) -> [Action] {
        var actions: [Action] = []
        event(&sender, &actions)
        return actions
    }

    private func report(
        delivered: [Hint] = [], failed: Int = 0, expired: Int = 0, complete: Bool = true, left: UInt64? = nil
    ) -> Action {
        var report = HandoffReport()
        report.delivered = delivered.count
        report.bytes = delivered.reduce(0) { $0 + $1.byteCount }
        (report.failed, report.expired, report.isComplete) = (failed, expired, complete)
        report.oldestLeftMillis = left
        return .finished(report)
    }

    @Test func aHintIsRemovedAfterItsAcknowledgementOnly() {
        var sender = HandoffSender(limits: .init(pageSize: 2))
        let last = HintKey(target: nodeB, key: hint(1).key)
        #expect(actions(&sender) { $0.start(&$1) } == [.readPage(after: nil, limit: 2)])
        let sent = actions(&sender) {
            $0.page([hint(0), hint(1)], last: last, now: 1_000, hintMillis: 2_000, &$1)
        }
        #expect(sent == [.send(1, hint(0)), .send(2, hint(1)), .readPage(after: last, limit: 2)])
        #expect(actions(&sender) { $0.acked(2, now: 1_001, &$1) } == [.remove(hint(1), .delivered)])
        #expect(actions(&sender) { $0.acked(2, now: 1_001, &$1) } == [], "an acknowledgement counts once")
        #expect(actions(&sender) { $0.page([], last: nil, now: 1_001, hintMillis: 2_000, &$1) } == [])
        #expect(
            actions(&sender) { $0.acked(1, now: 1_001, &$1) } == [
                .remove(hint(0), .delivered), report(delivered: [hint(0), hint(1)]),
            ])
        #expect(actions(&sender) { $0.stop(&$1) } == [])
    }

    @Test func theWindowBoundsHintsAndBytes() {
        let size = hint(0).byteCount
        for limits in [
            HandoffSender.Limits(maxHintsInFlight: 2), .init(maxBytesInFlight: 2 * size + 1),
        ] {
            var sender = HandoffSender(limits: limits)
            _ = actions(&sender) { $0.start(&$1) }
            let all = (0..<4 as Range<UInt8>).map { hint($0) }
            let sent = actions(&sender) { $0.page(all, last: nil, now: 1_000, hintMillis: 0, &$1) }
            #expect(sent == [.send(1, all[0]), .send(2, all[1])])
            let next = actions(&sender) { $0.acked(1, now: 1_000, &$1) }
            #expect(next == [.remove(all[0], .delivered), .send(3, all[2])])
        }
        var sender = HandoffSender(limits: .init(maxBytesInFlight: 1))
        _ = actions(&sender) { $0.start(&$1) }
        let sent = actions(&sender) {
            $0.page([hint(0), hint(1)], last: nil, now: 1_000, hintMillis: 0, &$1)
        }
        #expect(sent == [.send(1, hint(0))], "what is larger than the window goes alone")
    }

    @Test func theRateIsKept() {
        let size = hint(0).byteCount
        // One hint in 100 ms.
        var sender = HandoffSender(limits: .init(bytesPerSecond: size * 10))
        _ = actions(&sender) { $0.start(&$1) }
        let all = (0..<20 as Range<UInt8>).map { hint($0) }
        var log = actions(&sender) { $0.page(all, last: nil, now: 1_000, hintMillis: 0, &$1) }
        var now: UInt64 = 1_000
        var sent = 0
        while true {
            var wake: UInt64?
            for action in log {
                if case .send = action { sent += 1 }
                if case .wake(let time) = action { wake = time }
            }
            guard let wake else { break }
            #expect(wake > now)
            now = wake
            log = actions(&sender) { $0.tick(now: now, &$1) }
        }
        // All but the first cost 100 ms; what was saved up before the first is worth 50 ms.
        #expect(sent == 20 && (2_850...2_951).contains(now), "\(now)")
    }

    @Test func aFailureIsRepeatedAfterAPauseAndThenLeft() {
        var sender = HandoffSender(limits: .init(maxAttempts: 2, retryDelayMillis: 500))
        _ = actions(&sender) { $0.start(&$1) }
        _ = actions(&sender) { $0.page([hint(0, at: 700)], last: nil, now: 1_000, hintMillis: 0, &$1) }
        #expect(actions(&sender) { $0.failed(1, now: 1_010, &$1) } == [.wake(at: 1_510)])
        #expect(actions(&sender) { $0.tick(now: 1_509, &$1) } == [], "the wake that was asked for is to come")
        #expect(actions(&sender) { $0.tick(now: 1_510, &$1) } == [.send(2, hint(0, at: 700))])
        #expect(actions(&sender) { $0.acked(1, now: 1_511, &$1) } == [], "of the first attempt")
        #expect(actions(&sender) { $0.failed(2, now: 1_520, &$1) } == [report(failed: 1, left: 700)])
    }

    @Test func whatIsTooOldIsDroppedAndNotSent() {
        var sender = HandoffSender(limits: .init(maxAgeMillis: 100))
        _ = actions(&sender) { $0.start(&$1) }
        let all = actions(&sender) {
            $0.page([hint(0, at: 899), hint(1, at: 900)], last: nil, now: 1_000, hintMillis: 1_000, &$1)
        }
        #expect(all == [.remove(hint(0, at: 899), .expired), .send(1, hint(1, at: 900))])
    }

    @Test func forATargetThatIsAwayOnlyTheOldAreDropped() {
        var sender = HandoffSender(limits: .init(maxAgeMillis: 100), sends: false)
        _ = actions(&sender) { $0.start(&$1) }
        let hints = [hint(0, at: 990), hint(1, at: 0), hint(2, at: 950)]
        #expect(
            actions(&sender) { $0.page(hints, last: nil, now: 1_000, hintMillis: 1_000, &$1) } == [
                .remove(hint(1, at: 0), .expired), report(expired: 1, left: 950),
            ])
    }

    @Test func aPassThatBreaksOffSaysSo() {
        var sender = HandoffSender(limits: .init())
        _ = actions(&sender) { $0.start(&$1) }
        _ = actions(&sender) { $0.page([hint(0), hint(1)], last: nil, now: 1_000, hintMillis: 0, &$1) }
        _ = actions(&sender) { $0.acked(1, now: 1_000, &$1) }
        #expect(actions(&sender) { $0.stop(&$1) } == [report(delivered: [hint(0)], complete: false)])
        #expect(actions(&sender) { $0.acked(2, now: 1_000, &$1) } == [], "it stays, and is sent again")
        #expect(actions(&sender) { $0.tick(now: 9, &$1) } == [])
    }
}
