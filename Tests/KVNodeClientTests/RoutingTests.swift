import ClusterCore
import Foundation
import Messages
import SwiftProtobuf
import Testing

@testable import KVNodeClient

@Suite("Routing: table and router")
struct RoutingTests {
    private func message(version: UInt64 = 1, nodes: [String], replicas: [[UInt32]]) -> Kvnode_V1_Routing {
        .with {
            $0.node = nodes[0]
            $0.version = version
            $0.partitions = UInt32(replicas.count)
            $0.nodes = nodes
            $0.replicasPerPartition = UInt32(replicas[0].count)
            $0.replicas = replicas.flatMap(\.self)
        }
    }

    /// One partition whose replicas are those nodes.
    private func table(_ names: String..., version: UInt64 = 1) throws -> RoutingTable {
        let indices = names.indices.map { UInt32($0) }
        return try #require(RoutingTable(message(version: version, nodes: names, replicas: [indices])))
    }

    private let key = KVNodeStore.Key("k", in: "b")

    @Test("a client finds the replicas that the nodes' own layout has")
    func agreesWithTheLayout() throws {
        let members = ["a", "b", "c", "d", "e"].map { Member(name: $0, address: "\($0):1") }
        let layout = try Layout.initial(members: members, partitionCount: 64)
        let names = layout.members.map(\.name)
        let replicas = (0..<64).map { partition in
            layout.replicas(ofPartition: partition).map { id in
                UInt32(layout.members.firstIndex { $0.id == id } ?? 99)
            }
        }
        let table = try #require(RoutingTable(message(nodes: names, replicas: replicas)))
        for number in 0..<200 {
            let place = StorageKey(bucket: "b", key: Array("key\(number)".utf8), partitionCount: 64)
            let expected = layout.replicas(ofPartition: place.partition).map { layout.member($0)?.name }
            #expect(table.nodes(for: .init("key\(number)", in: "b")) == expected)
        }
    }

    @Test("a table that isn't whole is none, and a key that no node would take has no place")
    func malformed() throws {
        let whole = message(nodes: ["a", "b"], replicas: [[0, 1], [1, 0]])
        #expect(RoutingTable(whole) != nil)
        let changes: [(inout Kvnode_V1_Routing) -> Void] = [
            { $0.partitions = 0 }, { $0.partitions = 3 }, { $0.partitions = .max },
            { $0.replicasPerPartition = 0 }, { $0.replicasPerPartition = .max }, { $0.replicas = [] },
            { $0.replicas[3] = 2 }, { $0.nodes = [] },
        ]
        for change in changes {
            var broken = whole
            change(&broken)
            #expect(RoutingTable(broken) == nil)
        }
        let table = try #require(RoutingTable(whole))
        #expect(table.nodes(for: .init("", in: "b")).isEmpty)
        #expect(table.nodes(for: .init("k", in: "")).isEmpty)
        #expect(table.nodes(for: .init(String(repeating: "k", count: 481), in: "b")).isEmpty)
    }

    @Test("without a table the endpoints take turns")
    func turns() {
        var router = Router(count: 3, rest: .seconds(1), turn: 1)
        #expect(router.replica(of: key, now: .zero) == nil)
        #expect((0..<4).map { _ in router.next(now: .zero) } == [2, 0, 1, 2])
    }

    @Test("the first replica is asked, the next if it has failed or rests, and none that is no replica")
    func replicas() throws {
        var router = Router(count: 3, rest: .seconds(1), turn: 0)
        router.learned(0, node: "c", try table("a", "b"))
        #expect(router.replica(of: key, now: .zero) == nil, "nobody has said that it is a or b")
        router.learned(1, node: "b", nil)
        router.learned(2, node: "a", nil)
        #expect(router.replica(of: key, now: .zero) == 2)
        #expect(router.replica(of: key, now: .zero, tried: [2]) == 1)
        #expect(router.replica(of: key, now: .zero, tried: [1, 2]) == nil)
        router.unreachable(2, now: .zero)
        #expect(router.replica(of: key, now: .milliseconds(999)) == 1)
        #expect(router.replica(of: key, now: .seconds(1)) == 2)
        router.answered(2)
        #expect(router.replica(of: key, now: .zero) == 2)
    }

    @Test("who can't be reached is asked when there is no other")
    func resting() {
        var router = Router(count: 2, rest: .seconds(1), turn: 0)
        router.unreachable(0, now: .zero)
        #expect((0..<3).map { _ in router.next(now: .zero) } == [1, 1, 1])
        #expect(router.next(now: .zero, tried: [1]) == 0)
        #expect(router.next(now: .zero, tried: [0, 1]) == 1)
        router.unreachable(1, now: .zero)
        #expect([0, 1].contains(router.next(now: .zero, tried: [0, 1])))
        #expect(Set((0..<2).map { _ in router.next(now: .seconds(1)) }) == [0, 1])
    }

    @Test("one request finds out whether a node is back, and the others pass over it meanwhile")
    func probing() throws {
        var router = Router(count: 2, rest: .seconds(1), turn: 0)
        router.learned(0, node: "a", try table("a", "b"))
        router.learned(1, node: "b", nil)
        router.unreachable(0, now: .zero)
        let choices = (0..<3).map { _ in router.replica(of: key, now: .seconds(1)) }
        #expect(choices == [0, 1, 1])
        router.answered(0)
        #expect(router.replica(of: key, now: .seconds(1)) == 0)
    }

    @Test("an older layout doesn't replace a newer one; an endpoint may come to be another node")
    func learning() throws {
        var router = Router(count: 2, rest: .seconds(1), turn: 0)
        router.learned(0, node: "a", try table("a", version: 2))
        router.learned(1, node: "b", try table("b", version: 1))
        #expect(router.table?.version == 2)
        #expect(router.replica(of: key, now: .zero) == 0)
        router.learned(1, node: "b", try table("b", version: 3))
        #expect(router.replica(of: key, now: .zero) == 1)
        router.learned(0, node: "b", nil)
        #expect(router.replica(of: key, now: .zero) == 0)
    }

    @Test("entries go in messages that are not too long, unless one entry is")
    func messages() {
        #expect(chunks([], maxCount: 2, maxBytes: 10) == [])
        #expect(chunks([1, 1, 1], maxCount: 2, maxBytes: 10) == [0..<2, 2..<3])
        #expect(chunks([4, 6, 1, 11, 2], maxCount: 9, maxBytes: 10) == [0..<2, 2..<3, 3..<4, 4..<5])
    }
}
