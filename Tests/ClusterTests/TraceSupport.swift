import ClusterCore
import Instruments
import Testing

@testable import Cluster

/// A cluster whose nodes record.
struct TracedCluster {
    let cluster: TestCluster
    let recorder: SpanRecorder

    /// Runs `body` on a cluster that records what `sampling` says, from when its nodes have met.
    static func with(
        nodes: Int = 3, sampling: TracingSettings = TracingSettings(sampleRatio: 0),
        _ change: (inout ClusterConfiguration) -> Void = { _ in }, metrics: MetricRegistry? = nil,
        through wrap: (any PeerTransport) -> any PeerTransport = { $0 },
        _ body: (TracedCluster) async throws -> Void
    ) async throws {
        let recorder = SpanRecorder()
        let cluster = try await TestCluster(
            nodes: nodes, recorder: recorder, metrics: metrics,
            { configuration in
                configuration.tracing = sampling
                change(&configuration)
            }, through: wrap)
        try await cluster.whileRunning {
            let traced = TracedCluster(cluster: cluster, recorder: recorder)
            // What was recorded while they met, since it failed.
            _ = await traced.spans()
            recorder.clear()
            try await body(traced)
        }
    }

    /// A client's, which has it recorded.
    static let client = TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")!

    /// The nodes that hold a key of the bucket `b`, and one that does not if there is one; by their places in the cluster.
    func places(of key: String) -> (replicas: [Int], others: [Int]) {
        let layout = cluster.nodes[0].node.configuration.layout
        let key = StorageKey(bucket: "b", key: Array(key.utf8), partitionCount: layout.partitionCount)
        let ids = Array(layout.replicas(ofPartition: key.partition))
        let indices = cluster.nodes.indices.filter { ids.contains(cluster.nodes[$0].id) }
        return (indices, cluster.nodes.indices.filter { !indices.contains($0) })
    }

    /// All spans of what was served before, from the top.
    func spans() async -> [SpanRecorder.Recorded] {
        // An operation ends when it hears no more answers, and whoever answers has recorded its part by then.
        for node in cluster.nodes { await node.node.untilIdle() }
        for node in cluster.nodes { node.node.makeSpans() }
        return recorder.spans.fromTheTop
    }

    /// Serves `request` as part of the client's trace.
    ///
    /// - Returns: The spans that it has left.
    func spans(
        of request: Request, at node: Int, in trace: TraceContext? = TracedCluster.client
    ) async -> [SpanRecorder.Recorded] {
        _ = await cluster.nodes[node].serve(request, in: trace)
        return await spans()
    }
}

extension ClusterNode {
    /// Returns once each shard was without an operation.
    fileprivate func untilIdle() async {
        for shard in shards {
            await withCheckedContinuation { done in shard.perform { shard.whenIdle { done.resume() } } }
        }
    }
}

/// Requests for keys of the bucket `b`.
func putRequest(
    _ key: String, w: Int? = nil, condition: PutRequest.Condition = .none, timeoutMillis: Int = 0
) -> Request {
    .put(
        PutRequest(
            bucket: "b", key: Array(key.utf8), content: .value(Array("value".utf8), contentType: ""),
            condition: condition, quorum: QuorumOverrides(w: w), timeoutMillis: timeoutMillis))
}

func getRequest(_ key: String, r: Int? = nil) -> Request {
    .get(GetRequest(bucket: "b", key: Array(key.utf8), quorum: QuorumOverrides(r: r)))
}
