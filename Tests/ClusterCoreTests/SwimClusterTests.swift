import Testing

@testable import ClusterCore

/// Several nodes on a small network.
@Suite struct SwimClusterTests {
    @Test(arguments: [2, 3, 12]) func nodesThatStartFindEachOther(count: Int) throws {
        var cluster = SwimCluster(count: count)
        cluster.startAll()
        let took = try #require(cluster.pass(10_000) { $0.allAlive })
        #expect(took < 5_000)
        cluster.pass(60_000)
        #expect(cluster.allAlive)
        #expect(cluster.nodes.allSatisfy { $0.swim.healthScore == 0 })
    }

    @Test func aSilentNodeIsFoundDownAndComesBack() throws {
        var cluster = SwimCluster(count: 6)
        cluster.startAll()
        cluster.pass(5_000)
        cluster.silent = [4]
        let took = try #require(cluster.pass(20_000) { $0.all(think: .down, of: 4) })
        #expect(2_000...12_000 ~= took)
        cluster.silent = []
        try #require(cluster.pass(30_000) { $0.allAlive } != nil)
        #expect(cluster.nodes[4].swim.own.incarnation > 100, "it has refuted its death")
    }

    @Test func aShortSilenceIsForgiven() {
        var cluster = SwimCluster(count: 6)
        cluster.startAll()
        cluster.pass(5_000)
        cluster.silent = [4]
        cluster.pass(3_000)
        cluster.silent = []
        cluster.pass(20_000)
        #expect(cluster.allAlive)
        let deaths = cluster.log.joined().count {
            if case .changed(let record, _) = $0 { record.liveness == .down } else { false }
        }
        #expect(deaths == 0)
    }

    @Test func aNodeThatLeavesIsNotSuspected() throws {
        var cluster = SwimCluster(count: 5)
        cluster.startAll()
        cluster.pass(5_000)
        cluster.nodes[2].leave()
        cluster.collect(2)
        try #require(cluster.pass(5_000) { $0.log[2].contains(.departed) } != nil)
        cluster.silent = [2]
        try #require(cluster.pass(2_000) { $0.all(think: .left, of: 2) } != nil)
        cluster.pass(30_000)
        #expect(cluster.all(think: .left, of: 2))
        #expect(cluster.log[2].count { $0 == .departed } == 1)
    }

    @Test func theOnlyNodeLeavesAtOnce() {
        var cluster = SwimCluster(count: 1)
        cluster.start(0)
        cluster.nodes[0].leave()
        cluster.collect(0)
        #expect(cluster.log[0] == [.departed])
    }

    @Test(arguments: [false, true]) func aNodeRejoinsAtAnotherAddress(leaves: Bool) throws {
        var cluster = SwimCluster(count: 5)
        cluster.startAll()
        cluster.pass(5_000)
        if leaves {
            cluster.nodes[3].leave()
            cluster.collect(3)
            cluster.pass(3_000)
        } else {
            cluster.silent = [3]
            cluster.pass(15_000)
            cluster.silent = []
        }
        let again = MemberRecord.sample("n3", incarnation: 5_000, instance: 77, address: "other:1")
        cluster.nodes[3] = SwimHarness(again, seed: 33)
        cluster.start(3)
        try #require(
            cluster.pass(5_000) { cluster in
                (0..<5).allSatisfy {
                    $0 == 3 || cluster.nodes[$0].swim.record(of: again.id)?.address == "other:1"
                }
            } != nil)
        #expect(cluster.log.joined().allSatisfy { if case .conflict = $0 { false } else { true } })
        cluster.pass(20_000)
        #expect(cluster.allAlive)
    }

    @Test func twoSidesFindEachOtherAgain() throws {
        var cluster = SwimCluster(count: 8)
        cluster.startAll()
        cluster.pass(5_000)
        cluster.isCut = { ($0 < 4) != ($1 < 4) }
        let isApart: (SwimCluster) -> Bool = { cluster in
            (0..<8).allSatisfy { a in
                (0..<8).allSatisfy { b in
                    a == b || cluster.liveness(of: b, at: a) == ((a < 4) == (b < 4) ? .alive : .down)
                }
            }
        }
        try #require(cluster.pass(60_000, until: isApart) != nil)
        cluster.isCut = { _, _ in false }
        let took = try #require(cluster.pass(60_000) { $0.allAlive })
        #expect(took < 25_000)
        cluster.pass(30_000)
        #expect(cluster.allAlive, "and stay together")
    }

    @Test func messagesKeepToTheirLimits() throws {
        var settings = SwimSettings()
        settings.maxPacketBytes = SwimSettings.minPacketBytes
        settings.maxPageBytes = 1_500
        var cluster = SwimCluster(
            (0..<30).map {
                .sample("a node with a rather long name \($0)", instance: UInt64($0 + 1), address: "h\($0):1")
            }, settings: settings)
        cluster.startAll()
        try #require(cluster.pass(20_000) { $0.allAlive } != nil)
        #expect(1_281...1_500 ~= cluster.largestMessage, "some are pages, which are larger")
        #expect(cluster.nodes.allSatisfy { $0.swim.updates.count <= 30 })
    }

    @Test func aJoiningNodeGetsAllPagesThoughNothingChanges() throws {
        var settings = SwimSettings()
        settings.maxPageBytes = 1_500
        var cluster = SwimCluster(count: 41, settings: settings)
        for index in 0..<40 { cluster.start(index) }
        cluster.pass(30_000)
        cluster.start(40)
        let took = try #require(cluster.pass(2_000) { $0.nodes[40].swim.members.count == 41 })
        #expect(took < 200, "page upon page, without a pause")
    }

    @Test func aSeedThatDoesNotAnswerIsTriedAgain() throws {
        var cluster = SwimCluster(count: 2)
        cluster.start(1)
        cluster.pass(30_000)
        cluster.start(0)
        try #require(cluster.pass(10_000) { $0.allAlive } != nil)
    }

    // MARK: Two at once

    /// The later of two processes with one name yields, whoever's clock is ahead and wherever they joined.
    @Test(arguments: [150, 5_000] as [UInt64]) func ofTwoWithOneNameTheLaterYields(incarnation: UInt64) throws
    {
        let other = MemberRecord.sample("n1", incarnation: incarnation, instance: 99, address: "copy:1")
        var cluster = SwimCluster(
            (0..<4).map { .sample("n\($0)", instance: UInt64($0 + 1)) } + [other])
        for index in 0..<4 { cluster.start(index) }
        cluster.pass(5_000)
        if incarnation == 150 {
            // The first has refuted something, so that the second's record is the older.
            cluster.nodes[1].hear(cluster.nodes[1].swim.own.with(.suspect))
            let suspicion = MemberRecord.sample("n1", incarnation: 180, instance: 2).with(.suspect)
            cluster.nodes[1].hear(suspicion)
            cluster.collect(1)
            cluster.pass(2_000)
        }
        cluster.start(4)
        try #require(
            cluster.pass(20_000) { cluster in
                cluster.log[4].contains { if case .conflict(_, yields: true) = $0 { true } else { false } }
            } != nil)
        cluster.silent = [4]
        cluster.pass(20_000)
        #expect(!cluster.log[1].contains { if case .conflict(_, yields: true) = $0 { true } else { false } })
        let winner = cluster.nodes[1].swim.own
        #expect([0, 2, 3].allSatisfy { cluster.nodes[$0].swim.record(of: winner.id) == winner })
        #expect(winner.liveness == .alive && winner.instance == 2)
    }

    @Test func ofTwoWithOneDiskTheLaterYields() throws {
        var cluster = SwimCluster([
            .sample("n0", instance: 1, disk: 1), .sample("n1", instance: 2, disk: 2),
            .sample("n2", instance: 3, disk: 3), .sample("copy", incarnation: 300, instance: 4, disk: 2),
        ])
        for index in 0..<3 { cluster.start(index) }
        cluster.pass(5_000)
        cluster.start(3)
        try #require(
            cluster.pass(10_000) { cluster in
                cluster.log[3].contains { if case .conflict(_, yields: true) = $0 { true } else { false } }
            } != nil)
        #expect(!cluster.log[1].contains { if case .conflict(_, yields: true) = $0 { true } else { false } })
    }

    @Test func aRenamedNodeWhoseEarlierProcessIsGoneIsNoConflict() {
        var cluster = SwimCluster([
            .sample("n0", instance: 1, disk: 1), .sample("n1", instance: 2, disk: 2),
            .sample("n2", instance: 3, disk: 3), .sample("renamed", incarnation: 300, instance: 4, disk: 2),
        ])
        for index in 0..<3 { cluster.start(index) }
        cluster.pass(5_000)
        cluster.silent = [1]
        cluster.start(3)
        cluster.pass(30_000)
        #expect(cluster.log.joined().allSatisfy { if case .conflict = $0 { false } else { true } })
        #expect(cluster.all(think: .alive, of: 3) && cluster.all(think: .down, of: 1))
    }
}
