import Testing

@testable import ClusterCore

/// One node: what it makes of records, of others and of itself.
@Suite struct SwimMergeTests {
    private let b = MemberRecord.sample("b")

    private func started(_ own: MemberRecord = .sample("a"), settings: SwimSettings = SwimSettings())
        -> SwimHarness
    {
        var harness = SwimHarness(own, settings: settings)
        harness.start()
        return harness
    }

    @Test func recordsAreMergedAndChangesAreTold() {
        var harness = started()
        harness.hear(b)
        #expect(harness.actions.contains(.changed(b, previous: nil)))
        harness.hear(b)
        #expect(harness.changes.isEmpty, "nothing new")
        harness.hear(b.with(.down))
        #expect(harness.actions.contains(.changed(b.with(.down), previous: b)))
        harness.hear(b)
        harness.hear(b.with(.suspect))
        #expect(harness.changes.isEmpty, "within an incarnation the worse stays")
        let moved = MemberRecord.sample("b", incarnation: 101, instance: 2, address: "elsewhere:7400")
        harness.hear(moved)
        #expect(harness.swim.record(of: b.id) == moved, "a new life, at another address")
        #expect(harness.swim.members.map(\.id) == [harness.swim.own.id, b.id].sorted())
    }

    @Test(arguments: [Liveness.suspect, .down, .left])
    func aNodeRefutesWhatIsSaidOfIt(liveness: Liveness) throws {
        var harness = started()
        harness.hear(b)
        harness.hear(harness.swim.own.with(liveness))
        #expect(harness.swim.own.incarnation == 101 && harness.swim.own.liveness == .alive)
        #expect(harness.swim.healthScore == 1)
        var told = false
        harness.pass(500) { harness in
            told = told || harness.sent.contains { $0.message.updates.contains(SwimUpdate(harness.swim.own)) }
        }
        #expect(told)
        harness.hear(MemberRecord.sample("a").with(liveness))
        #expect(harness.swim.own.incarnation == 101, "old news")
    }

    @Test func aSuspectHearsSoInTheAnswerToItsPing() throws {
        var harness = started()
        harness.hear(b)
        harness.hear(b.with(.suspect), accusers: [nodeA])
        harness.hear(.ping, number: 5, from: b.id, [SwimUpdate(b)])
        let ack = try #require(harness.sent.first { $0.message.body == .ack })
        #expect(ack.message.number == 5)
        #expect(ack.message.updates.first == SwimUpdate(b.with(.suspect), accusers: [nodeA]))
        let refuted = MemberRecord.sample("b", incarnation: 101)
        harness.hear(refuted)
        #expect(harness.swim.suspicions.isEmpty && harness.swim.record(of: b.id) == refuted)
    }

    @Test func deathFromAPageIsOnlySuspected() {
        var harness = started()
        harness.hear(b)
        harness.hear(.page(from: 0, through: .max), from: nodeC, [SwimUpdate(b.with(.down))])
        #expect(harness.swim.record(of: b.id)?.liveness == .suspect)
        #expect(harness.swim.suspicions[b.id]?.accusers == [nodeC])
        harness.hear(b.with(.down))
        #expect(harness.swim.record(of: b.id)?.liveness == .down)
    }

    @Test func theGoneAreNotLearntUnlessTheyAreRetained() {
        var harness = started()
        harness.hear(b.with(.down))
        harness.hear(MemberRecord.sample("c").with(.left))
        #expect(harness.swim.members.count == 1)
        harness.swim.retain([b.id])
        harness.hear(b.with(.down))
        #expect(harness.swim.record(of: b.id)?.liveness == .down)
    }

    @Test func theGoneAreForgottenInTheirTime() {
        var settings = SwimSettings()
        settings.forgetDownMillis = 20_000
        settings.forgetLeftMillis = 60_000
        var harness = started(settings: settings)
        let (c, d) = (MemberRecord.sample("c"), MemberRecord.sample("d"))
        harness.swim.retain([d.id])
        harness.hear(b, c, d)
        harness.hear(b.with(.down), c.with(.left), d.with(.down))
        harness.pass(19_000)
        #expect(harness.swim.members.count == 4)
        harness.pass(12_000)
        #expect(harness.actions.contains(.forgotten(b.with(.down))))
        harness.hear(c)
        #expect(harness.swim.record(of: c.id) == c.with(.left), "old gossip does not bring it back")
        harness.pass(40_000)
        #expect(harness.swim.members.map(\.name).sorted() == ["a", "d"])
        harness.swim.retain([])
        harness.pass(11_000)
        #expect(harness.swim.members.map(\.name) == ["a"])
    }

    @Test func membersAreBounded() {
        var settings = SwimSettings()
        settings.maxMembers = 3
        var harness = started(settings: settings)
        let (c, d) = (MemberRecord.sample("c"), MemberRecord.sample("d"))
        harness.hear(b, c, d)
        #expect(harness.swim.members.count == 3 && harness.swim.refusedMembers == 1)
        harness.hear(b.with(.down))
        harness.hear(d)
        #expect(harness.actions.contains(.forgotten(b.with(.down))), "the gone make room")
        #expect(harness.swim.record(of: d.id) == d)
    }

    @Test func aDescriptionChangesWithANewIncarnation() {
        var harness = started()
        harness.swim.describe(address: "new:1", zone: "y", weight: 3, now: harness.now, &harness.actions)
        let own = harness.swim.own
        #expect((own.address, own.zone, own.weight, own.incarnation) == ("new:1", "y", 3, 101))
        harness.hear(MemberRecord.sample("a").with(.suspect))
        #expect(harness.swim.own == own, "the suspicion was of the earlier incarnation")
    }

    @Test func garbageChangesNothing() {
        var harness = started()
        #expect(throws: CodecError.self) {
            try harness.swim.received(
                [1, 1], from: nodeB, now: harness.now, wallMillis: 0, &harness.actions)
        }
        let before = harness.swim.members
        harness.hear(.pageReply(from: 0, through: .max), number: 12, from: nodeB, [])
        harness.hear(.ack, number: 12, from: nodeB, [])
        harness.hear(.nack, number: 12, from: nodeB, [])
        #expect(harness.swim.members == before)
    }

    // MARK: Two at once

    @Test func aRestartIsNoConflict() {
        let earlier = MemberRecord.sample("a", incarnation: 100, instance: 1, disk: 7)
        // With its clock in order, and with one that has gone back; records of two earlier lives in any order.
        for start in [200, 50] as [UInt64] {
            var harness = started(.sample("a", incarnation: start, instance: 3, disk: 7))
            let older = MemberRecord.sample("a", incarnation: 90, instance: 2, disk: 7)
            var bumped = earlier
            (bumped.incarnation, bumped.rival) = (120, 2)
            for record in [older, earlier, bumped, bumped.with(.down), older.with(.left)] {
                harness.hear(record)
                #expect(harness.conflicts.isEmpty)
            }
            #expect(harness.swim.own.incarnation == max(start, 121))
            #expect(harness.swim.own.liveness == .alive)
        }
    }

    @Test func whoeverIsNamedByAnEarlierOneYields() {
        var harness = started(.sample("a", incarnation: 200, instance: 2))
        harness.hear(b)
        var other = MemberRecord.sample("a", incarnation: 100, instance: 1)
        (other.incarnation, other.rival) = (201, 2)
        harness.hear(other)
        #expect(harness.actions.contains(.conflict(with: other, yields: true)))
        harness.pass(5_000)
        #expect(harness.actions.isEmpty, "it is silent from now on")
    }

    @Test func whoeverIsNamedByALaterOneAnswersAndStays() {
        var harness = started(.sample("a", incarnation: 100, instance: 1))
        var other = MemberRecord.sample("a", incarnation: 200, instance: 2)
        harness.hear(other)
        #expect(harness.conflicts.isEmpty, "it may be gone")
        #expect(harness.swim.own.incarnation == 201 && harness.swim.own.rival == 2)
        (other.incarnation, other.rival) = (202, 1)
        harness.hear(other)
        #expect(harness.conflicts == [false])
        #expect(harness.swim.own.incarnation == 203)
        harness.hear(other)
        #expect(harness.conflicts.isEmpty, "once")
    }

    @Test func aProcessThatIsFoundToBeDownMayHaveNamedThisOne() {
        var harness = started(.sample("a", incarnation: 200, instance: 2))
        var other = MemberRecord.sample("a", incarnation: 100, instance: 1)
        (other.incarnation, other.rival) = (201, 2)
        harness.hear(other.with(.down))
        #expect(harness.conflicts.isEmpty, "the two overlapped, and the other is gone")
        #expect(harness.swim.own.incarnation == 202)
    }
}
