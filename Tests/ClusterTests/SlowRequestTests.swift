import ClusterCore
import Logging
import NIOCore
import Synchronization
import Testing

@testable import Cluster

@Suite struct SlowRequestTests {
    // MARK: A line

    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private static let own = NodeID(rawValue: 1)

    private func fields(
        _ origin: RequestOrigin = .http, user: String = "", timeline: RequestTimeline = RequestTimeline(),
        subject: RequestSubject = .bucket("b"), byteCount: Int = 0, response: Response
    ) -> [String: String] {
        let attempt = Attempt(
            submitted: Self.start, begun: Self.start + .microseconds(2_500),
            deadline: Self.start + .seconds(1), origin: origin, kind: .put, user: user, byteCount: byteCount,
            completion: { _ in })
        let request = SlowRequest(
            attempt: attempt, subject: subject, timeline: timeline,
            answeredAt: Self.start + .milliseconds(800),
            response: response, selfID: Self.own, name: { "n\($0.rawValue)" })
        return request.metadata.mapValues { "\($0)" }
    }

    @Test func aLineSaysWhereTheTimeWent() {
        var timeline = RequestTimeline()
        timeline.asked(Self.own, to: .commit, at: 0)
        timeline.ended(Self.own, .answered, at: 4_200)
        for node: UInt64 in [2, 3, 4] { timeline.asked(NodeID(rawValue: node), to: .store, at: 4_200) }
        timeline.ended(NodeID(rawValue: 2), .answered, at: 5_500)
        timeline.ended(NodeID(rawValue: 4), .failed, at: 500_000)
        let key = StorageKey(bucket: "carts", key: Array("a secret".utf8), partitionCount: 64)
        let fields = fields(
            user: "alice", timeline: timeline, subject: .key(key), byteCount: 77,
            response: .failed(RequestError(.deadlineExceeded, "2 of 4 answered in time")))
        #expect(
            fields == [
                "protocol": "http", "operation": "put", "user": "alice", "bucket": "carts",
                "partition": "\(key.partition)", "key_bytes": "8", "value_bytes": "77",
                "duration_ms": "800.0", "waiting_ms": "2.5", "local_ms": "4.2", "slowest": "n3",
                "replicas": "n1 commit 4.2, n2 store 1.3, n3 store 793.3 pending, n4 store 495.8 failed",
                "outcome": "failure", "error_code": "deadlineExceeded", "error": "2 of 4 answered in time",
            ])
    }

    @Test func whatIsNotKnownIsLeftOut() {
        #expect(
            fields(.peer, response: .listed(Listing())) == [
                "protocol": "peer", "operation": "put", "bucket": "b", "duration_ms": "800.0",
                "waiting_ms": "2.5", "outcome": "success", "quorum_ms": "797.5",
            ])
    }

    // MARK: In a cluster

    private final class Lines: Sendable {
        private let lines = Mutex<[[String: String]]>([])
        var all: [[String: String]] { lines.withLock { $0 } }
        func add(_ line: [String: String]) { lines.withLock { $0.append(line) } }
    }

    private struct Recorder: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        init(lines: Lines) { self.lines = lines }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.add((event.metadata ?? [:]).mapValues { "\($0)" }) }
    }

    /// A cluster each of whose requests is slow, unless there are no settings.
    private func withCluster(
        _ settings: SlowRequestSettings? = SlowRequestSettings(threshold: .zero, maxPerSecond: 1_000_000),
        recorder: SpanRecorder? = nil,
        _ body: (TestCluster, Lines) async throws -> Void
    ) async throws {
        let lines = Lines()
        let cluster = try await TestCluster(
            nodes: 4, requestLogger: Logger(label: "slow") { _ in Recorder(lines: lines) }, recorder: recorder
        ) { $0.slowRequests = settings }
        try await cluster.whileRunning { try await body(cluster, lines) }
    }

    /// The replicas of a key by name, and a node that is none.
    private func places(_ cluster: TestCluster, _ key: String) -> (replicas: [Int], other: Int) {
        let layout = cluster.nodes[0].node.configuration.layout
        let key = StorageKey(bucket: "b", key: Array(key.utf8), partitionCount: layout.partitionCount)
        let ids = Array(layout.replicas(ofPartition: key.partition))
        let indices = cluster.nodes.indices.filter { ids.contains(cluster.nodes[$0].id) }
        return (indices, cluster.nodes.indices.first { !indices.contains($0) }!)
    }

    @Test func aPutHasItsReplicasAndAGetAndAChangeToo() async throws {
        try await withCluster { cluster, lines in
            let (replicas, _) = places(cluster, "k")
            let node = cluster.nodes[replicas[0]]
            let before = lines.all.count
            _ = try await node.put("k", "v", w: 3)
            _ = try await node.get("k", r: 3)
            _ = try await node.change("c", .addMembers([[1]]), w: 1)
            let mine = Array(lines.all.dropFirst(before))
            let put = try #require(mine.first { $0["operation"] == "put" })
            #expect(put["protocol"] == "grpc" && put["outcome"] == "success" && put["bucket"] == "b")
            #expect(put["key_bytes"] == "1" && put["value_bytes"] == "1" && put["local_ms"] != nil)
            let told = try #require(put["replicas"])
            #expect(told.contains("n\(replicas[0]) commit") && !told.contains("pending"))
            for replica in replicas.dropFirst() { #expect(told.contains("n\(replica) store"), "\(told)") }
            let get = try #require(mine.first { $0["operation"] == "get" })
            for replica in replicas { #expect(get["replicas"]?.contains("n\(replica) read") == true) }
            #expect(mine.contains { $0["operation"] == "update" && $0["outcome"] == "success" })
        }
    }

    @Test func aForwardedRequestIsToldByBothNodes() async throws {
        try await withCluster { cluster, lines in
            let (replicas, other) = places(cluster, "k")
            let before = lines.all.count
            _ = try await cluster.nodes[other].put("k", "v")
            let mine = Array(lines.all.dropFirst(before))
            let asked = try #require(mine.first { $0["protocol"] == "grpc" })
            #expect(replicas.contains { asked["replicas"]?.hasPrefix("n\($0) forward ") == true })
            let coordinator = try #require(mine.first { $0["protocol"] == "peer" })
            #expect(coordinator["replicas"]?.contains("commit") == true)
        }
    }

    @Test func aReplicaThatFailsIsNamed() async throws {
        try await withCluster { cluster, lines in
            let (replicas, _) = places(cluster, "k")
            cluster.isolate(replicas[2])
            let before = lines.all.count
            await #expect(throws: RequestError.self) {
                try await cluster.nodes[replicas[0]].put("k", "v", w: 3)
            }
            let line = try #require(lines.all.dropFirst(before).last { $0["operation"] == "put" })
            #expect(line["outcome"] == "failure" && line["error_code"] == "quorumNotReached")
            let told = try #require(line["replicas"]).part(beginning: "n\(replicas[2]) store")
            #expect(told?.hasSuffix("failed") == true, "\(line)")
        }
    }

    @Test func aRecordedRequestNamesItsSpan() async throws {
        let recorder = SpanRecorder()
        try await withCluster(recorder: recorder) { cluster, lines in
            let (replicas, _) = places(cluster, "k")
            let before = lines.all.count
            let traced = TracedCluster(cluster: cluster, recorder: recorder)
            _ = await traced.spans()
            recorder.clear()
            _ = await cluster.nodes[replicas[0]].serve(putRequest("k", w: 3), in: TracedCluster.client)
            // It was not picked, and has its spans afterwards.
            _ = await cluster.nodes[replicas[0]].serve(getRequest("k", r: 3))
            let spans = await traced.spans()
            for operation in ["put", "get"] {
                let root = try #require(spans.first(named: "\(operation) b"))
                let line = try #require(lines.all.dropFirst(before).last { $0["operation"] == operation })
                #expect(line["trace_id"] == "\(root.context.traceID)")
                #expect(line["span_id"] == root.context.spanName)
            }
        }
    }

    @Test func whatIsQuickOrNotAskedForHasNoLine() async throws {
        for settings in [nil, SlowRequestSettings(threshold: .hours(1), maxPerSecond: 1_000)] {
            try await withCluster(settings) { cluster, lines in
                _ = try await cluster.nodes[0].put("k", "v", w: 3)
                #expect(lines.all.isEmpty)
            }
        }
    }
}

extension String {
    /// The one of the parts, parted by commas, that begins so.
    fileprivate func part(beginning prefix: String) -> Substring? {
        split(separator: ", ").first { $0.hasPrefix(prefix) }
    }
}
