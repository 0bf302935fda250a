import ClusterCore
import Instruments
import Logging
import NIOCore
import Synchronization
import Testing
import Tracing

@testable import Cluster

/// Which requests leave a trace.
@Suite("Traces: which requests")
struct TraceSamplingTests {
    private static let everythingIsSlow = SlowRequestSettings(threshold: .zero, maxPerSecond: 1_000_000)

    /// Serves `count` puts, one after the other.
    ///
    /// - Returns: How many were recorded.
    private func recorded(
        _ count: Int, of traced: TracedCluster, in trace: TraceContext? = nil
    ) async -> Int {
        for number in 0..<count {
            _ = await traced.cluster.nodes[0].serve(putRequest("k\(number)", w: 3), in: trace)
        }
        return await traced.spans().count { $0.name == "put b" }
    }

    @Test("with a ratio of 0 and no word of the client's, nothing is recorded")
    func none() async throws {
        try await TracedCluster.with { traced in
            #expect(await recorded(20, of: traced) == 0)
            #expect(await traced.spans().isEmpty)
        }
    }

    @Test("with a ratio of 1 everything is, each request as a trace of its own")
    func all() async throws {
        try await TracedCluster.with(sampling: TracingSettings(sampleRatio: 1)) { traced in
            #expect(await recorded(20, of: traced) == 20)
            let roots = await traced.spans().filter { $0.name == "put b" }
            #expect(Set(roots.map(\.context.traceID)).count == 20)
            #expect(roots.allSatisfy { $0.parent == nil })
        }
    }

    @Test("a client that has its trace not recorded is heeded")
    func clientDeclines() async throws {
        var declined = TracedCluster.client
        declined.isSampled = false
        try await TracedCluster.with(sampling: TracingSettings(sampleRatio: 1)) { traced in
            #expect(await recorded(20, of: traced, in: declined) == 0)
        }
    }

    @Test("no more are recorded in a second than the settings say, whatever clients want")
    func bound() async throws {
        for ratio in [0, 1] as [Double] {
            let settings = TracingSettings(sampleRatio: ratio, maxPerSecond: 3)
            try await TracedCluster.with(sampling: settings) { traced in
                let begun = NIODeadline.now().uptimeNanoseconds / 1_000_000_000
                _ = await recorded(15, of: traced)
                let count = UInt64(await recorded(15, of: traced, in: TracedCluster.client))
                let seconds = NIODeadline.now().uptimeNanoseconds / 1_000_000_000 - begun + 1
                #expect(count <= 3 * seconds)
                // With the ratio 1, what was read while the nodes met may have used this second up.
                #expect(ratio == 1 || count >= 3)
            }
        }
    }

    @Test(
        "a request that a node sends on is recorded there whatever the bound, and the node's ratio has no say in it"
    )
    func sentOn() async throws {
        let settings = TracingSettings(sampleRatio: 1, maxPerSecond: 0)
        try await TracedCluster.with(sampling: settings) { traced in
            let node = traced.cluster.nodes[0].node
            for trace in [TracedCluster.client, nil] {
                await withCheckedContinuation { done in
                    node.submit(putRequest("k", w: 3), from: RequestSource(.peer, trace: trace)) { _ in
                        done.resume()
                    }
                }
            }
            #expect(await traced.spans().count { $0.name == "put b" } == 1)
        }
    }

    @Test(
        "a slow request that was not picked has its trace afterwards: its own span, and one for each node it asked"
    )
    func slow() async throws {
        try await TracedCluster.with({ $0.slowRequests = Self.everythingIsSlow }) { traced in
            _ = await traced.cluster.nodes[0].serve(putRequest("k", w: 3))
            let spans = await traced.spans()
            #expect(
                spans.tree == """
                    put b server n0
                      commit internal n0
                      store client n0
                      store client n0

                    """)
            spans.checkTimes()
            #expect(spans[0].texts["kvnode.after_the_fact"] == "true" && spans[0].status == nil)
            #expect(spans[0].parent == nil)
        }
    }

    @Test("it is part of its client's trace, though that one is not recorded")
    func slowOfClient() async throws {
        var declined = TracedCluster.client
        declined.isSampled = false
        try await TracedCluster.with({ $0.slowRequests = Self.everythingIsSlow }) { traced in
            _ = await traced.cluster.nodes[0].serve(putRequest("k", w: 3), in: declined)
            let root = try #require(await traced.spans().first)
            #expect(root.parent == declined.spanID && root.context.traceID == declined.traceID)
            #expect(root.context.isSampled)
        }
    }

    @Test("a request that failed and was not to blame has its trace afterwards, with what others did not do")
    func failed() async throws {
        try await TracedCluster.with { traced in
            traced.cluster.isolate(2)
            _ = await traced.cluster.nodes[0].serve(putRequest("k", w: 3))
            let spans = await traced.spans()
            #expect(
                spans.tree == """
                    put b server n0  ! quorum_not_reached
                      commit internal n0
                      store client n0
                      store client n0  ! failed

                    """)
            spans.checkTimes()
            #expect(spans[0].status?.code == .error)
        }
    }

    @Test("one that was to blame has none")
    func toBlame() async throws {
        try await TracedCluster.with { traced in
            _ = await traced.cluster.nodes[0].serve(putRequest("k", w: 3))
            let response = await traced.cluster.nodes[0].serve(putRequest("k", condition: .ifAbsent))
            guard case .failed(let error) = response, error.code == .preconditionFailed else {
                Issue.record("\(response)")
                return
            }
            #expect(await traced.spans().isEmpty)
        }
    }

    @Test("no more have one afterwards in a second than the settings say")
    func boundAfterwards() async throws {
        let settings = TracingSettings(sampleRatio: 0, maxPerSecond: 2)
        try await TracedCluster.with(sampling: settings, { $0.slowRequests = Self.everythingIsSlow }) {
            traced in
            // What came before the recorder was cleared counts, too.
            let begun = NIODeadline.now().uptimeNanoseconds / 1_000_000_000
            let count = UInt64(await recorded(30, of: traced))
            let seconds = NIODeadline.now().uptimeNanoseconds / 1_000_000_000 - begun + 1
            #expect(count <= 2 * seconds)
        }
    }

    @Test("the duration of a recorded request has its trace as an exemplar; that of another has none")
    func exemplar() async throws {
        let metrics = MetricRegistry()
        try await TracedCluster.with(metrics: metrics) { traced in
            let node = traced.cluster.nodes[0]
            _ = await node.serve(putRequest("k"))
            #expect(try exemplars(of: "put", in: metrics).isEmpty)
            _ = await node.serve(putRequest("k"), in: TracedCluster.client)
            let found = try exemplars(of: "put", in: metrics)
            #expect(found.map { "\($0.traceID)" } == ["\(TracedCluster.client.traceID)"])
            let now = node.node.environment.wallMillis()
            #expect(found.allSatisfy { $0.value > 0 && $0.wallMillis <= now && now - $0.wallMillis < 60_000 })
        }
    }

    private func exemplars(of operation: String, in metrics: MetricRegistry) throws -> [Exemplar] {
        let name = "kvnode_request_duration_seconds"
        guard case .histogram(let value) = metrics.read().value(of: name, ["grpc", operation, "ok"]) else {
            throw RequestError(.internal, "\(operation) has no histogram")
        }
        return value.exemplars.compactMap(\.self)
    }

    @Test("what was refused before it came to its partition's loop has its span, too")
    func refusedAtOnce() async throws {
        try await TracedCluster.with { traced in
            let tooLong = GetRequest(bucket: "b", key: [UInt8](repeating: 1, count: 500))
            let spans = await traced.spans(of: .get(tooLong), at: 0)
            #expect(spans.tree == "get b server n0  ! invalid_argument\n")
            #expect(spans[0].parent == TracedCluster.client.spanID && spans[0].status == nil)
        }
    }
}
