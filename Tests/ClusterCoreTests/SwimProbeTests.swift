import Testing

@testable import ClusterCore

/// One node: probes, suspicions, local health, hints.
@Suite struct SwimProbeTests {
    private let b = MemberRecord.sample("b")
    private let c = MemberRecord.sample("c")

    /// A node that knows `records` and is about to begin a probe.
    private func started(
        _ records: [MemberRecord], settings: SwimSettings = SwimSettings()
    ) -> SwimHarness {
        var harness = SwimHarness(settings: settings)
        harness.start()
        for record in records { harness.hear(record) }
        return harness
    }

    private func pings(_ harness: SwimHarness) -> [(number: UInt64, to: NodeID)] {
        harness.sent.filter { $0.message.body == .ping }.map { ($0.message.number, $0.to) }
    }

    @Test func oneMemberIsPingedInEachPeriod() {
        let records = (0..<8).map { MemberRecord.sample("m\($0)") }
        var harness = started(records)
        var pinged: [NodeID] = []
        harness.pass(8_000) { harness in
            for ping in pings(harness) {
                pinged.append(ping.to)
                harness.hear(.ack, number: ping.number, from: ping.to, [])
            }
        }
        #expect(pinged.count == 8)
        #expect(Set(pinged) == Set(records.map(\.id)), "each once in a round")
        #expect(harness.swim.healthScore == 0 && harness.swim.suspicions.isEmpty)
        #expect(harness.swim.counts.answeredProbes == 8 && harness.swim.counts.failedProbes == 0)
    }

    @Test func withoutAnAckOthersAreAskedAndThenTheMemberIsSuspect() throws {
        var harness = started([b, c])
        var (askedAt, suspectAt): (UInt64?, UInt64?) = (nil, nil)
        var pingedAt: UInt64?
        harness.pass(2_000) { harness in
            if pingedAt == nil, !pings(harness).isEmpty { pingedAt = harness.now }
            if askedAt == nil,
                harness.sent.contains(where: {
                    if case .pingRequest = $0.message.body { true } else { false }
                })
            {
                askedAt = harness.now
            }
            if suspectAt == nil, harness.changes.contains(where: { $0.liveness == .suspect }) {
                suspectAt = harness.now
            }
        }
        let pinged = try #require(pingedAt)
        #expect(askedAt == pinged + 500)
        #expect(suspectAt == pinged + 1_000)
        #expect(harness.swim.counts.failedProbes >= 1 && harness.swim.counts.suspicions >= 1)
        #expect(harness.swim.counts.answeredProbes == 0 && harness.swim.counts.refutations == 0)
    }

    @Test func aProbeOfAnEarlierLifeAccusesNobody() throws {
        var harness = started([b])
        var isAgain = false
        harness.pass(1_900) { harness in
            guard !isAgain, !pings(harness).isEmpty else { return }
            isAgain = true
            harness.hear(.sample("b", incarnation: 200, instance: 2))
        }
        #expect(isAgain && harness.swim.suspicions.isEmpty)
    }

    @Test func whoMissedARefutationGetsItWithTheAck() throws {
        var harness = started([b])
        harness.hear(harness.swim.own.with(.suspect))
        let stale = MemberRecord.sample("a").with(.suspect)
        // Long after the refutation was spread.
        for id in [harness.swim.own.id, b.id] { harness.swim.updates.remove(id) }
        harness.hear(.ping, number: 3, from: b.id, [SwimUpdate(b), SwimUpdate(stale)])
        #expect(harness.sent.first?.message.updates == [SwimUpdate(harness.swim.own)])
        harness.hear(.ping, number: 4, from: b.id, [SwimUpdate(b)])
        #expect(harness.sent.first?.message.updates == [])
    }

    @Test func anAckThroughAnotherCounts() throws {
        var harness = started([b, c])
        harness.pass(3_000) { harness in
            for message in harness.sent {
                if case .pingRequest = message.message.body {
                    harness.hear(.ack, number: message.message.number, from: message.to, [])
                }
            }
        }
        #expect(harness.swim.suspicions.isEmpty)
    }

    @Test func aNodeProbesForAnother() throws {
        var harness = started([b, c])
        harness.hear(.pingRequest(c.id), number: 77, from: b.id, [SwimUpdate(b)])
        let ping = try #require(pings(harness).first)
        #expect(ping.to == c.id)
        harness.hear(.ack, number: ping.number, from: c.id, [])
        #expect(harness.sent.map(\.message.number) == [77])
        #expect(harness.sent.map(\.message.body) == [.ack])
        #expect(harness.sent.map(\.to) == [b.id])
        harness.hear(.ack, number: ping.number, from: c.id, [])
        #expect(harness.sent.isEmpty, "an ack is passed on once")

        harness.hear(.pingRequest(c.id), number: 78, from: b.id, [SwimUpdate(b)])
        var nacks = 0
        harness.pass(1_500) { nacks += $0.sent.count { $0.message.body == .nack && $0.message.number == 78 } }
        #expect(nacks == 1)
        #expect(harness.swim.relays.isEmpty)
    }

    @Test func probesForOthersAreBounded() {
        var settings = SwimSettings()
        settings.maxRelays = 3
        var harness = started([b, c], settings: settings)
        for number in 0..<10 as Range<UInt64> {
            harness.hear(.pingRequest(c.id), number: number, from: b.id, [SwimUpdate(b)])
        }
        #expect(harness.swim.relays.count == 3)
    }

    /// Figures for 16 members or fewer: 2 periods at least, 12 with one accuser.
    @Test(arguments: [(0, 12_000), (1, 7_000), (2, 4_075), (3, 2_000), (4, 2_000)])
    func aSuspicionIsTheShorterTheMoreConfirmIt(confirmations: Int, lasts: UInt64) throws {
        var settings = SwimSettings()
        // The node's own probes have no part in this.
        settings.periodMillis = 1_000
        let expected = settings.suspicionMillis(members: 3, confirmations: confirmations)
        #expect(expected.distance(to: lasts).magnitude < 450)
        var harness = started([b, c], settings: settings)
        let accusers = (0...confirmations).map { NodeID(rawValue: UInt64($0 + 1)) }
        harness.hear(b.with(.suspect), accusers: [accusers[0]])
        for accuser in accusers.dropFirst() { harness.hear(b.with(.suspect), accusers: [accuser]) }
        let since = harness.now
        var downAt: UInt64?
        harness.pass(14_000) { harness in
            for ping in pings(harness) { harness.hear(.ack, number: ping.number, from: ping.to, []) }
            if harness.changes.contains(b.with(.down)) { downAt = harness.now }
        }
        let down = try #require(downAt)
        #expect(since + expected..<since + expected + 10 ~= down)
    }

    @Test func theSameAccuserCountsOnce() {
        var harness = started([b, c])
        for _ in 0..<5 { harness.hear(b.with(.suspect), accusers: [nodeA]) }
        #expect(harness.swim.suspicions[b.id]?.accusers == [nodeA])
        for number in 1..<9 as Range<UInt64> {
            harness.hear(b.with(.suspect), accusers: [NodeID(rawValue: number)])
        }
        #expect(harness.swim.suspicions[b.id]?.accusers.count == 4, "no more are kept than count")
    }

    @Test func aSuspicionGrowsWithTheLogarithmOfTheMembers() {
        let settings = SwimSettings()
        let shortest = [10, 16, 256, 1_024].map { settings.suspicionMillis(members: $0, confirmations: 3) }
        #expect(shortest == [2_000, 2_000, 4_000, 5_000])
        #expect(settings.suspicionMillis(members: 1_024, confirmations: 0) == 30_000)
        #expect([1, 3, 7, 1_023].map { settings.sends(members: $0) } == [6, 8, 10, 24])
    }

    @Test func aNodeWhoseProbesFailSlowsDown() {
        var harness = started([b])
        var pingTimes: [UInt64] = []
        harness.pass(12_000) { if !pings($0).isEmpty { pingTimes.append($0.now) } }
        #expect(harness.swim.healthScore > 1)
        let gaps = zip(pingTimes, pingTimes.dropFirst()).map { $1 - $0 }
        #expect(gaps.first == 1_000 && gaps.dropFirst().first == 2_000)
        harness = started([b])
        harness.pass(20_000) { harness in
            for ping in pings(harness) { harness.hear(.ack, number: ping.number, from: ping.to, []) }
        }
        #expect(harness.swim.healthScore == 0)
    }

    @Test func nacksSayThatTheProberIsWell() {
        for nacks in [false, true] {
            var harness = started([b, c])
            harness.pass(1_990) { harness in
                for message in harness.sent where nacks {
                    if case .pingRequest = message.message.body {
                        harness.hear(.nack, number: message.message.number, from: message.to, [])
                    }
                }
            }
            #expect(harness.swim.healthScore == (nacks ? 0 : 1))
        }
    }

    @Test func aBrokenConnectionHastensTheProbeAndNothingElse() throws {
        let records = (0..<20).map { MemberRecord.sample("m\($0)") }
        var harness = started(records)
        harness.swim.unreachable(records[13].id)
        harness.swim.unreachable(records[13].id)
        harness.swim.unreachable(NodeID(name: "nobody"))
        #expect(harness.swim.urgent == [records[13].id])
        var first: NodeID?
        harness.pass(1_000) { if let ping = pings($0).first, first == nil { first = ping.to } }
        #expect(first == records[13].id)
        #expect(harness.swim.record(of: records[13].id)?.liveness == .alive)
        for record in records { harness.swim.unreachable(record.id) }
        #expect(harness.swim.urgent.count <= Swim.maxUrgent)
    }

    @Test func aConnectionThatIsBackTellsTheMemberWhatIsThoughtOfIt() throws {
        var harness = started([b, c])
        harness.hear(b.with(.down))
        harness.actions = []
        harness.swim.reachable(b.id, now: harness.now, &harness.actions)
        let ping = try #require(harness.sent.first)
        #expect(ping.to == b.id && ping.message.body == .ping)
        #expect(ping.message.updates.map(\.record).contains(b.with(.down)))
        harness.actions = []
        harness.swim.reachable(c.id, now: harness.now, &harness.actions)
        #expect(harness.sent.isEmpty, "the others know")
    }
}
