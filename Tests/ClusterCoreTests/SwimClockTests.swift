import Testing

@testable import ClusterCore

/// What probes show of the others' wall clocks.
@Suite struct SwimClockTests {
    private let b = MemberRecord.sample("b")
    private let c = MemberRecord.sample("c")

    /// Whoever is pinged answers after `delay`, by a clock that is ahead by its offset.
    private func probed(delay: UInt64, offsets: [NodeID: Int64]) -> SwimHarness {
        var harness = SwimHarness()
        harness.start()
        harness.hear(b, c)
        var pings: [(number: UInt64, to: NodeID, at: UInt64)] = []
        harness.pass(6_000) { harness in
            for message in harness.sent where message.message.body == .ping {
                pings.append((message.message.number, message.to, harness.now))
            }
            while let ping = pings.first, ping.at + delay <= harness.now {
                pings.removeFirst()
                // Half of the way lies before the answer.
                let answered = Int64(ping.at + delay / 2 + harness.wallOffset)
                let theirs = UInt64(answered + offsets[ping.to, default: 0])
                harness.hear(.ack, number: ping.number, from: ping.to, wallMillis: theirs, [])
            }
        }
        return harness
    }

    @Test func nobodyWasAsked() {
        var harness = SwimHarness()
        harness.start()
        harness.hear(b)
        #expect(harness.swim.clockOffsets == nil)
    }

    @Test func theMedianTellsWhoseClockIsWrong() {
        #expect(ClockOffsets([]) == nil)
        #expect(offsets(0, 5_000) == [5_000, 0], "another's")
        #expect(offsets(-5_000, -5_010) == [-5_010, -5_000], "this node's")
        #expect(offsets(9_000) == [9_000, 0], "of two, nobody knows")
        #expect(offsets(-3, 4, 8) == [8, 0])
        #expect(offsets(.min, .max) == [.min, 0])
    }

    private func offsets(_ others: Int64...) -> [Int64] {
        ClockOffsets(others).map { [$0.furthestMillis, $0.medianMillis] } ?? []
    }

    @Test func halfOfTheWayIsTakenOff() throws {
        for delay in [0, 100, 400] as [UInt64] {
            let harness = probed(delay: delay, offsets: [b.id: -7_000, c.id: 20])
            let found = try #require(harness.swim.clockOffsets)
            #expect(found.furthestMillis == -7_000 && found.medianMillis == 0)
        }
    }

    @Test func whoIsDownHasNoClock() {
        var harness = probed(delay: 0, offsets: [b.id: 60_000])
        #expect(harness.swim.clockOffsets?.furthestMillis == 60_000)
        harness.hear(b.with(.down))
        #expect(harness.swim.clockOffsets?.furthestMillis == 0)
    }

    /// It says too little of when its clock was read.
    @Test func anAnswerThatTookLongDoesNotCount() {
        let harness = probed(delay: 600, offsets: [b.id: 60_000, c.id: 60_000])
        #expect(harness.swim.counts.answeredProbes > 0)
        #expect(harness.swim.clockOffsets == nil)
    }

    /// Another passes on an ack with its own clock.
    @Test func anAckThroughAnotherSaysNothing() {
        var harness = SwimHarness()
        harness.start()
        harness.hear(b, c)
        harness.pass(3_000) { harness in
            for message in harness.sent {
                guard case .ping = message.message.body else { continue }
                let other = message.to == b.id ? c.id : b.id
                harness.hear(.ack, number: message.message.number, from: other, wallMillis: 5, [])
            }
        }
        #expect(harness.swim.counts.answeredProbes > 0 && harness.swim.clockOffsets == nil)
    }

    @Test func whoeverIsPingedTellsItsClock() throws {
        var harness = SwimHarness()
        harness.start()
        harness.hear(.ping, number: 9, from: b.id, [SwimUpdate(b)])
        let ack = try #require(harness.sent.first { $0.message.body == .ack })
        #expect(ack.message.wallMillis == harness.now + harness.wallOffset)
    }
}
