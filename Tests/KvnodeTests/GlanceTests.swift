import API
import Cluster
import GRPCCore
import Instruments
import Messages
import SwiftProtobuf
import Testing

@testable import kvnode

@Suite struct GlanceTests {
    private func load(
        _ uptime: UInt64, _ durations: [UInt64], failed: UInt64 = 0, left: UInt64 = 50
    ) -> Kvnode_V1_NodeLoad {
        .with {
            $0.uptimeMs = uptime
            $0.durationBounds = [0.001, 0.01]
            $0.operations = [
                .with {
                    $0.operation = "get"
                    $0.durations = durations
                    $0.failed = failed
                }
            ]
            $0.requestsInFlight = 7
            $0.disk.availableBytes = left << 30
            $0.disk.sizeBytes = 100 << 30
        }
    }

    private func status(_ node: String, connected: Set<String> = ["a", "b"]) -> Kvnode_V1_ClusterStatus {
        .with {
            $0.cluster = "shop"
            $0.node = node
            $0.layoutVersion = 3
            $0.partitions = 16
            $0.replication = 2
            $0.servesReads = true
            $0.members = ["a", "b"].map { name in
                .with {
                    $0.member.name = name
                    $0.member.address = "\(name):1"
                    $0.member.zone = "z\(name)"
                    $0.role = .up
                    $0.connected = connected.contains(name)
                    $0.engine = "lmdb"
                    $0.partitions = 16
                }
            }
            $0.hints.count = 2
        }
    }

    private func answer(_ node: String, _ load: Kvnode_V1_NodeLoad?) -> NodeSurvey.Answers.Element {
        .success(NodeAnswer(status: status(node), load: load))
    }

    private var unreachable: NodeSurvey.Answers.Element {
        .failure(ClientFailure(RPCError(code: .unavailable, message: "refused"), endpoint: "b:2"))
    }

    @Test func theRateIsThatOfTheTimeBetween() throws {
        let rate = try #require(
            LoadRate(from: load(1_000, [5, 0, 0]), to: load(3_000, [105, 100, 0], failed: 3)))
        #expect(rate.count == 200 && rate.perSecond == 100 && rate.failed == 3)
        // 198 of 200 are below: 98 of the 100 in the second range.
        guard case .seconds(let seconds)? = rate.p99 else {
            Issue.record("\(String(describing: rate.p99))")
            return
        }
        #expect(abs(seconds - (0.001 + 0.009 * 0.98)) < 1e-9)
    }

    @Test func whatIsBeyondAllRangesIsSaidToBe() throws {
        let rate = try #require(LoadRate(from: load(0, [0, 0, 0]), to: load(1_000, [0, 0, 4])))
        #expect(rate.p99 == .beyond(seconds: 0.01) && rate.p99?.text == "> 10 ms")
    }

    @Test func aNodeThatHasStartedAnewHasNoRateYet() throws {
        #expect(LoadRate(from: load(5_000, [5, 0, 0]), to: load(1_000, [6, 0, 0])) == nil)
        #expect(LoadRate(from: load(1_000, [5, 0, 0]), to: load(1_500, [4, 2, 0])) == nil)
        let idle = try #require(LoadRate(from: load(1_000, [5, 0, 0]), to: load(2_000, [5, 0, 0])))
        #expect(idle.perSecond == 0 && idle.p99 == nil)
        #expect(LoadRate([]) == nil)
        #expect(LoadRate([idle, idle])?.perSecond == 0)
    }

    @Test func aHealthyClusterIsATable() throws {
        let glance = try #require(
            Glance(
                [answer("a", load(2_000, [100, 0, 0])), answer("b", load(2_000, [50, 0, 0]))],
                since: [answer("a", load(1_000, [0, 0, 0])), answer("b", load(1_000, [0, 0, 0]))]))
        #expect(
            glance.text(.plain) == """
                cluster shop: 2 members in zones za, zb, layout version 3, 16 partitions of 2 replicas
                all is well
                150 requests a second, 99 % of them within 0.99 ms

                node  state  zone  engine  partitions  to copy  hints  disk left        requests/s  p99      in flight
                a     up     za    lmdb    16          0        2      50.0 GiB (50 %)  100         0.99 ms  7
                b     up     zb    lmdb    16          0        2      50.0 GiB (50 %)  50          0.99 ms  7

                """)
    }

    @Test func whatIsWrongIsToldInWordsWorstFirst() throws {
        var damaged = status("a", connected: ["a"])
        damaged.engine.state = .failed
        damaged.engine.error = "io"
        let now = load(2_000, [10, 0, 0], failed: 4, left: 5)
        let glance = try #require(
            Glance(
                [.success(NodeAnswer(status: damaged, load: now)), unreachable],
                since: [answer("a", load(1_000, [0, 0, 0])), unreachable]))
        #expect(
            glance.problems.map { String($0.prefix(30)) } == [
                "b:2 can't be asked: refused; a", "a cannot write: io", "the disk of a is nearly full: ",
                "b (b:1) is not connected to a", "a answered 4 of 10 requests wi",
            ])
        #expect(glance.nodes.map(\.state) == ["up", "away"])
        #expect(glance.text(.plain).contains("! a cannot write: io\n"))
    }

    @Test func nodesThatWereNotAskedAreNamed() throws {
        let glance = try #require(Glance([answer("a", nil)]))
        #expect(glance.problems.isEmpty && glance.rate == nil)
        #expect(glance.text(.plain).hasSuffix("give an --endpoint of b, too\n"))
        #expect(Glance([unreachable]) == nil)
        #expect(Glance.unreachable([unreachable]) == ["b:2 can't be asked: refused; asked b:2"])
    }

    @Test func inJSONWhatIsNotKnownIsLeftOut() throws {
        let glance = try #require(Glance([answer("a", load(1, []))]))
        let line = try JSONText.line(GlanceOutput(glance))
        #expect(line.hasSuffix("\n") && line.count { $0 == "\n" } == 1)
        #expect(line.contains(#""disk_available_bytes":53687091200"#) && !line.contains("p99"))
        #expect(line.contains(#"{"engine":"lmdb","name":"b","partitions":16,"state":"up","zone":"zb"}"#))
    }

    @Test func whatOtherNodesHaveSentOnIsLeftOut() {
        let registry = MetricRegistry()
        for (labels, nanoseconds) in [
            (["grpc", "put", "ok"], 1), (["http", "put", "error"], 200_000), (["peer", "put", "ok"], 1),
            (["resp", "get", "ok"], 1),
        ] { registry.histogram(ClusterNode.requestDurations, labels).record(nanoseconds) }
        let sums = NodeMetrics.operations(of: registry.read().families.flatMap(\.series))
        #expect(sums.map(\.name) == ["get", "put"] && sums.map(\.failed) == [0, 1])
        #expect(sums[0].durations.reduce(0, +) == 1 && sums[1].durations.prefix(3) == [1, 1, 0])
    }
}
