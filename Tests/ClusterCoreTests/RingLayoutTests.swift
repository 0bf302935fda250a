import ClusterCore
import Testing

@Suite struct RingLayoutTests {
    static let shape = RingShape(members: 7, partitions: 256, weights: .oneToFour, zones: 3)

    @Test func theOrderOfMembersDoesNotMatter() throws {
        let members = Self.shape.makeMembers()
        let layout = try Layout.initial(members: members)
        #expect(try Layout.initial(members: members.reversed()) == layout)
        #expect(try Layout.initial(members: Array(members[3...] + members[..<3])) == layout)
        #expect(layout.members.map(\.id) == layout.members.map(\.id).sorted())
    }

    /// Nodes of different releases must agree on a first layout: this table may never change by accident.
    @Test func theTableOfAKnownClusterIsPinned() throws {
        let layout = try Layout.initial(members: Self.shape.makeMembers())
        #expect(layout.digest == 12_759_702_959_202_126_778)
        let grown = try layout.changed(members: layout.members + [Self.shape.makeMember(7)])
        #expect(grown.digest == 6_319_701_850_097_645_406)
    }

    @Test func aFirstLayoutHasVersionOneAndItsParameters() throws {
        let layout = try Layout.initial(
            members: Self.shape.makeMembers(), partitionCount: 64, replicationFactor: 2)
        #expect(layout.version == 1)
        #expect(layout.partitionCount == 64)
        #expect(layout.replicationFactor == 2)
        #expect(layout.replicas(ofPartition: 63).count == 2)
    }

    @Test func addressesMoveNothingAndAreNotInTheDigest() throws {
        let layout = try Layout.initial(members: Self.shape.makeMembers())
        var members = layout.members
        members[2].address = "elsewhere:1"
        let next = try layout.changed(members: members)
        #expect(next.version == 2)
        #expect(next.digest == layout.digest)
        #expect((0..<256).allSatisfy { next.replicas(ofPartition: $0) == layout.replicas(ofPartition: $0) })
        #expect(next.member(members[2].id)?.address == "elsewhere:1")
    }

    @Test func theDigestTellsWhatDecidesWhereDataLies() throws {
        let members = (0..<3).map { Member(name: "node\($0)", address: "") }
        let layout = try Layout.initial(members: members)
        let others = [
            try Layout.initial(members: members, partitionCount: 128),
            try Layout.initial(members: members, replicationFactor: 4),
            try Layout.initial(members: members, replicationFactor: 2),
            try Layout.initial(members: members + [Member(name: "node3", address: "")]),
        ]
        #expect(Set((others + [layout]).map(\.digest)).count == 5)
    }

    @Test func membersAreFoundByID() throws {
        let layout = try Layout.initial(members: Self.shape.makeMembers())
        for member in layout.members { #expect(layout.member(member.id) == member) }
        #expect(layout.member(NodeID(name: "stranger")) == nil)
        #expect(layout.member(NodeID(rawValue: 0)) == nil)
        #expect(layout.member(NodeID(rawValue: .max)) == nil)
    }

    @Test func fewerMembersThanReplicasHoldEverything() throws {
        let members = Self.shape.makeMembers()
        var layout = try Layout.initial(members: [members[0]])
        #expect(layout.replicas(ofPartition: 17) == [members[0].id])
        layout = try layout.changed(members: Array(members[..<2]))
        #expect(Set(layout.replicas(ofPartition: 17)) == [members[0].id, members[1].id])
        layout = try layout.changed(members: Array(members[1..<5]))
        #expect(layout.replicas(ofPartition: 17).count == 3)
        #expect(RingCensus(layout).broken == 0)
    }

    @Test func aNewZoneGetsAReplicaOfEveryPartition() throws {
        let old = try Layout.initial(
            members: (0..<6).map { Member(name: "node\($0)", address: "", zone: "zone\($0 % 2)") })
        let newcomer = Member(name: "node6", address: "", zone: "zone2")
        let new = try old.changed(members: old.members + [newcomer])
        #expect((0..<256).allSatisfy { new.replicas(ofPartition: $0).contains(newcomer.id) })
        #expect(256...258 ~= moved(from: old, to: new))
    }

    /// A member that fails should leave its work to many: its partitions are not all with the same few others.
    @Test func aMembersPartitionsAreSharedWithAllOthers() throws {
        let shape = RingShape(members: 20, partitions: 1024, weights: .equal, zones: 0)
        let layout = try Layout.initial(members: shape.makeMembers(), partitionCount: shape.partitions)
        let id = layout.members[0].id
        var shared: [NodeID: Int] = [:]
        for partition in 0..<1024 {
            let replicas = layout.replicas(ofPartition: partition)
            if replicas.contains(id) { for other in replicas { shared[other, default: 0] += 1 } }
        }
        // 154 partitions with two others each: 16 for each of the 19 on average.
        #expect(shared.count == 20)
        #expect(shared.filter { $0.key != id }.values.allSatisfy { 4...36 ~= $0 })
    }

    @Test func aSharePastAllPartitionsIsLeftToTheOthers() throws {
        let members = [8.0, 1, 1, 1].enumerated().map { Member(name: "n\($0)", address: "", weight: $1) }
        let census = RingCensus(try Layout.initial(members: members))
        #expect(census.loads[members[0].id] == 256)
        #expect(members[1...].allSatisfy { 170...171 ~= census.loads[$0.id]! })
    }

    @Test func badInputIsRefused() {
        let one = Member(name: "one", address: "")
        #expect(throws: LayoutError.noMembers) { try Layout.initial(members: []) }
        #expect(throws: LayoutError.duplicateName("one")) { try Layout.initial(members: [one, one]) }
        #expect(throws: LayoutError.emptyName) {
            try Layout.initial(members: [Member(name: "", address: "")])
        }
        for count in [0, -1, 3, 100, 131_072] {
            #expect(throws: LayoutError.badPartitionCount(count)) {
                try Layout.initial(members: [one], partitionCount: count)
            }
        }
        for factor in [0, -1, 17] {
            #expect(throws: LayoutError.badReplicationFactor(factor)) {
                try Layout.initial(members: [one], replicationFactor: factor)
            }
        }
        for weight in [0, -1, .infinity, 0.0001, 2e6] {
            #expect(throws: LayoutError.badWeight(name: "one", weight: weight)) {
                try Layout.initial(members: [Member(name: "one", address: "", weight: weight)])
            }
        }
        #expect(throws: LayoutError.self) {
            try Layout.initial(members: [Member(name: "one", address: "", weight: .nan)])
        }
        var twin = Member(name: "two", address: "")
        twin.id = one.id
        #expect(throws: LayoutError.sameID("one", "two")) { try Layout.initial(members: [twin, one]) }
        #expect(throws: LayoutError.noMembers) { try Layout.initial(members: [one]).changed(members: []) }
    }

    @Test func errorsSayWhatIsWrongAndWhatIsAllowed() {
        #expect(
            LayoutError.badPartitionCount(3).description.contains(
                "is 3, but must be a power of two from 1 to 65536"))
        #expect(LayoutError.badReplicationFactor(17).description.contains("is 17, but must be from 1 to 16"))
        #expect(
            LayoutError.badWeight(name: "a", weight: 0).description.contains(
                "'a' is 0.0, but must be from 0.001"))
        #expect(LayoutError.duplicateName("a").description == "two members are called 'a'")
    }
}
