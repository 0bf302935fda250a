import API
import Cluster
import ClusterCore
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Messages
import SwiftProtobuf
import Synchronization
import Testing

@Suite("gRPC: the operator's service")
struct ClusterServiceTests {
    typealias Client = Kvnode_V1_Cluster.Client<HTTP2ClientTransport.Posix>

    private func withCluster(_ body: (Client, FakeCluster) async throws -> Void) async throws {
        try await GRPCServerTests().withServer {
            $0.engine = "rocksdb"
            $0.softwareVersion = "1"
        } _: { client, service, _ in
            try await body(Client(wrapping: client), service.cluster)
        }
    }

    /// The status and the reason with which `body` fails.
    private func failure<R>(_ body: () async throws -> R) async -> (RPCError.Code?, String, String) {
        let error = await #expect(throws: RPCError.self) { _ = try await body() }
        let reason = error?.metadata[stringValues: "kvnode-reason"].first { _ in true }
        return (error?.code, reason ?? "", error?.message ?? "")
    }

    private func join(_ name: String, _ address: String = "d:1", zone: String = "") -> Kvnode_V1_StageRequest
    {
        .with {
            $0.join.name = name
            $0.join.address = address
            $0.join.zone = zone
        }
    }

    @Test("members have roles, connections and what their hello said")
    func members() async throws {
        try await withCluster { client, cluster in
            _ = try await client.stage(join("d", zone: "zd"))
            _ = try await client.stage(.with { $0.leave = "b" })
            cluster.state.withLock { _ = try? $0.history.declareLost(NodeID(name: "c")) }
            let status = try await client.status(.init())
            #expect(status.cluster == "test" && status.node == "a" && status.servesReads)
            #expect(status.layoutVersion == 1 && status.partitions == 16 && status.replication == 3)
            #expect(!status.hasChange && !status.hasFilling)
            #expect(status.members.map(\.member.name) == ["a", "b", "c", "d"])
            #expect(status.members.map(\.role) == [.up, .leaving, .lost, .joining])
            #expect(status.members.map(\.connected) == [true, true, false, false])
            #expect(status.members.map(\.engine) == ["rocksdb", "lmdb", "", ""])
            #expect(status.members.map(\.softwareVersion) == ["1", "2", "", ""])
            #expect(status.members.map(\.partitions) == [16, 16, 16, 0])
            #expect(status.members.map(\.liveness) == [.unspecified, .alive, .unspecified, .unspecified])
            #expect(status.candidates.map(\.name) == ["z"] && status.candidates[0].zone == "q")
            #expect(status.antiEntropy.trees == 8 && status.antiEntropy.treesComplete == 7)
            #expect(status.members[3].member.zone == "zd" && status.members[3].member.weight == 1)
            #expect(status.staged.map(\.node) == ["b", "d"])
            #expect(status.staged[0].absent && status.staged[1].member.address == "d:1")
        }
    }

    @Test("a change shows its stage and whom it waits for; a copy and hints are counted")
    func progress() async throws {
        try await withCluster { client, cluster in
            _ = try await client.stage(join("d"))
            let commit = try await client.commit(.with { $0.expectedVersion = 1 })
            #expect(commit.plan.version == 2)
            cluster.state.withLock { state in
                state.filling = FillStatus(
                    partitions: 10, partitionsLeft: 2, partitionsLeftAtBegin: 6, rows: 7, bytes: 8, seconds: 4
                )
                state.handoff.count = 3
                state.handoff.oldestMillis = 4_000
                var ledger = HintLedger(limits: .init())
                for name in ["c", "gone"] {
                    ledger.apply(.init(target: NodeID(name: name), count: 1, bytes: 9, createdMillis: 4_000))
                }
                state.handoff.accounts = ledger.targets.map { ($0, ledger[$0]) }
                state.handoff.unkept = 5
            }
            let status = try await client.status(.init())
            #expect(status.change.version == 2 && status.change.stage == .deciding)
            #expect(status.change.awaiting == ["a", "b", "c"])
            #expect(status.filling.partitionsLeft == 2 && status.filling.secondsLeft == 2)
            #expect(status.hints.count == 3 && status.hints.oldestAgeMs == 6_000 && status.hints.unkept == 5)
            #expect(status.hints.targets.map(\.node) == ["", "c"])
            #expect(status.hints.targets.allSatisfy { $0.bytes == 9 && $0.oldestAgeMs == 6_000 })
        }
    }

    @Test("a plan, and a commit of that plan alone")
    func planAndCommit() async throws {
        try await withCluster { client, _ in
            #expect(await failure { try await client.plan(.init()) }.1 == "nothing_staged")
            _ = try await client.stage(join("d", zone: "zd"))
            let plan = try await client.plan(.init())
            #expect(plan.expectedVersion == 1 && plan.version == 2)
            #expect(plan.shares.map(\.node) == ["a", "b", "c", "d"])
            #expect(plan.shares.map(\.before) == [16, 16, 16, 0] && plan.shares[3].gained == 12)
            let (code, reason, message) = await failure {
                try await client.commit(.with { $0.expectedVersion = 7 })
            }
            #expect(code == .failedPrecondition && reason == "other_version")
            #expect(message == "the layout is at version 1, not 7: look at the plan again")
            #expect(try await client.commit(.with { $0.expectedVersion = 1 }).plan == plan)
            #expect(
                await failure { try await client.commit(.with { $0.expectedVersion = 1 }) }.1
                    == "change_undecided")
        }
    }

    @Test("who replaces another takes its zone and weight; what is staged can be taken back")
    func roles() async throws {
        try await withCluster { client, _ in
            _ = try await client.stage(
                .with {
                    $0.weight.node = "b"
                    $0.weight.weight = 2
                })
            _ = try await client.stage(
                .with {
                    $0.zone.node = "b"
                    $0.zone.zone = "x"
                })
            let moved = try await client.stage(
                .with {
                    $0.address.node = "b"
                    $0.address.address = "b:2"
                })
            #expect(moved.staged.count == 1)
            let b = moved.staged[0].member
            #expect(b.weight == 2 && b.zone == "x" && b.address == "b:2")
            let replaced = try await client.stage(
                .with {
                    $0.replace.node = "c"
                    $0.replace.with.name = "d"
                    $0.replace.with.address = "d:1"
                })
            #expect(replaced.staged.map(\.node) == ["b", "c", "d"])
            #expect(replaced.staged[2].member.zone == "zc" && replaced.staged[2].member.weight == 1)
            let back = try await client.unstage(.with { $0.node = "d" })
            #expect(back.changed && back.staged.map(\.node) == ["b", "c"])
            #expect(try await client.unstage(.with { $0.node = "d" }).changed == false)
        }
    }

    @Test("what is wrong is named")
    func errors() async throws {
        try await withCluster { client, cluster in
            let wrong: [(Kvnode_V1_StageRequest, RPCError.Code, String, String)] = [
                (.init(), .invalidArgument, "invalid_argument", "names no change"),
                (.with { $0.leave = "e" }, .invalidArgument, "unknown_member", "'e' is no member"),
                (join("a"), .failedPrecondition, "already_member", "'a' is a member already"),
                (join("d e"), .invalidArgument, "invalid_argument", "the name \"d e\""),
                (join("d", "d"), .invalidArgument, "invalid_argument", "the address \"d\""),
                (join("d", "d:0"), .invalidArgument, "invalid_argument", "the address \"d:0\""),
                (join("d", zone: "a b"), .invalidArgument, "invalid_argument", "the zone \"a b\""),
                (
                    .with { $0.weight.node = "a" }, .invalidArgument, "invalid_argument",
                    "weight of member 'a'"
                ),
            ]
            for (request, code, reason, words) in wrong {
                let error = await failure { try await client.stage(request) }
                #expect(error.0 == code && error.1 == reason && error.2.contains(words), "\(error)")
            }
            cluster.state.withLock { $0.failure = ReplicaError(.noSpace, "full") }
            let full = await failure { try await client.stage(join("d")) }
            #expect(full.0 == .resourceExhausted && full.1 == "no_space" && full.2.contains("full"))
            cluster.state.withLock { $0.failure = ReplicaError(.io, "broken") }
            #expect(await failure { try await client.stage(join("d")) }.0 == .internalError)
        }
    }

    @Test("who lives is not declared lost, nor is a majority, unless by force")
    func losses() async throws {
        try await withCluster { client, _ in
            func lost(_ name: String, force: Bool = false) async throws -> Bool {
                try await client.declareLost(
                    .with {
                        $0.node = name
                        $0.force = force
                    }
                ).changed
            }
            #expect(await failure { try await lost("b") }.1 == "is_connected")
            #expect(await failure { try await lost("e") }.1 == "unknown_member")
            let isNews = [try await lost("c"), try await lost("c"), try await lost("b", force: true)]
            #expect(isNews == [true, false, true])
        }
    }

    @Test("where a key lies, before and after")
    func ring() async throws {
        try await withCluster { client, _ in
            let key = Data("k".utf8)
            let ring = try await client.ring(
                .with {
                    $0.key.bucket = "b"
                    $0.key.key = key
                })
            #expect(
                ring.partition == StorageKey(bucket: "b", key: Array(key), partitionCount: 16).partition)
            #expect(
                ring.firstHash == UInt64(ring.partition) << 60
                    && ring.lastHash - ring.firstHash == 1 << 60 - 1)
            #expect(Set(ring.replicas) == ["a", "b", "c"] && ring.replicasAfter.isEmpty)
            #expect(try await client.ring(.with { $0.partition = 15 }).lastHash == .max)
            #expect(
                await failure { try await client.ring(.with { $0.partition = 16 }) }.0 == .invalidArgument)
            #expect(await failure { try await client.ring(.init()) }.0 == .invalidArgument)
            #expect(
                await failure { try await client.ring(.with { $0.key.bucket = "b" }) }.0 == .invalidArgument)
        }
    }

    @Test("a node that has heard of no layout says so")
    func unknownLayout() async throws {
        try await withCluster { client, cluster in
            let unknown = try Layout.unknown(members: [Member(name: "x", address: "x:1")], partitionCount: 16)
            cluster.state.withLock { $0.history = LayoutHistory(unknown) }
            #expect(try await client.status(.init()).layoutVersion == 0)
            #expect(await failure { try await client.plan(.init()) }.1 == "no_layout")
            #expect(await failure { try await client.stage(join("d")) }.1 == "no_layout")
        }
    }
}
