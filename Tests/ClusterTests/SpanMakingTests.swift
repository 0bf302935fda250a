import ClusterCore
import Engine
import NIOCore
import Synchronization
import Testing
import Tracing

@testable import Cluster

/// When spans are made of what was recorded, and what becomes of it.
@Suite("Traces: when spans are made", .timeLimit(.minutes(1)))
struct SpanMakingTests {
    private static let work = WorkRecord(
        parent: TracedCluster.client,
        clock: TraceClock(wallNanoseconds: 5_000, time: .uptimeNanoseconds(1_000)),
        work: .read(EngineRead(begun: .uptimeNanoseconds(2_000), ended: .uptimeNanoseconds(3_000), keys: 2)))

    /// Of two spans.
    private static let part = PartRecord(
        step: .read, peer: NodeID(name: "n7"), parent: TracedCluster.client, clock: work.clock,
        begun: .uptimeNanoseconds(2_000), ended: .uptimeNanoseconds(4_000), work: work.work)

    private func maker(_ recorder: SpanRecorder) -> SpanMaker {
        SpanMaker(RecordingTracer(recorder: recorder, node: "n0"), nodeName: "n0") {
            $0 == NodeID(name: "n1") ? "n1" : nil
        }
    }

    // MARK: The queue

    @Test("whoever records is told once that somebody is to come, and once that a batch is full")
    func due() {
        let queue = RecordQueue(maxSpans: 100, batchSpans: 4)
        #expect(queue.append(.work(Self.work)) == .later)
        #expect(queue.append(.part(Self.part)) == .nothing)
        #expect(queue.append(.part(Self.part)) == .now)
        #expect(queue.append(.work(Self.work)) == .nothing)
        // Who comes since a batch is full does not come in place of who waits for the time.
        #expect(queue.take(isTimed: false).count == 4)
        #expect(queue.append(.part(Self.part)) == .nothing)
        #expect(queue.append(.part(Self.part)) == .now)
        #expect(queue.take(isTimed: true).count == 2)
        #expect(queue.append(.work(Self.work)) == .later)
    }

    @Test("what finds no room is dropped, and counted by its spans")
    func bound() {
        let queue = RecordQueue(maxSpans: 3, batchSpans: 100)
        for _ in 0..<3 { _ = queue.append(.part(Self.part)) }
        #expect(queue.dropped == 4)
        _ = queue.append(.work(Self.work))
        #expect(queue.dropped == 4)
        #expect(queue.take(isTimed: true).count == 2)
    }

    @Test("a node says how many of its spans found no room; its requests go on")
    func dropped() async throws {
        let settings = TracingSettings(
            sampleRatio: 1, maxQueuedSpans: 3, batchSpans: 1_000, batchTime: .hours(1))
        try await TracedCluster.with(sampling: settings) { traced in
            let node = traced.cluster.nodes[0]
            let before = node.node.droppedSpans
            for number in 0..<10 {
                guard case .written = await node.serve(putRequest("k\(number)", w: 3)) else {
                    Issue.record("the put \(number) failed")
                    return
                }
            }
            #expect(await traced.spans().count { $0.name == "put b" && $0.node == "n0" } == 0)
            // A put has four, and a commit is recorded by itself.
            #expect(node.node.droppedSpans - before >= 40)
        }
    }

    // MARK: Batches

    @Test("spans are made as soon as they are a batch")
    func fullBatch() async throws {
        let settings = TracingSettings(sampleRatio: 0, batchSpans: 1, batchTime: .hours(1))
        try await TracedCluster.with(sampling: settings) { traced in
            _ = await traced.cluster.nodes[0].serve(putRequest("k", w: 3), in: TracedCluster.client)
            await traced.recorder.wait { $0.count == 9 && $0.allSatisfy { $0.end != nil } }
        }
    }

    @Test("spans that are no batch are made when their time has come")
    func batchTime() async throws {
        let settings = TracingSettings(sampleRatio: 0, batchSpans: 1_000, batchTime: .milliseconds(5))
        try await TracedCluster.with(sampling: settings) { traced in
            for attempt in 1...2 {
                _ = await traced.cluster.nodes[0].serve(putRequest("k", w: 3), in: TracedCluster.client)
                await traced.recorder.wait { $0.count == 9 * attempt && $0.allSatisfy { $0.end != nil } }
            }
        }
    }

    @Test("before that there are none")
    func waiting() async throws {
        let settings = TracingSettings(sampleRatio: 0, batchSpans: 1_000, batchTime: .hours(1))
        try await TracedCluster.with(sampling: settings) { traced in
            _ = await traced.cluster.nodes[0].serve(putRequest("k", w: 3), in: TracedCluster.client)
            #expect(traced.recorder.spans.isEmpty)
            #expect(await traced.spans().count == 9)
        }
    }

    // MARK: Spans

    @Test("what the engine ends after its request is below what asked for it all the same")
    func lateWork() {
        let recorder = SpanRecorder()
        var maker = maker(recorder)
        var record = Self.work
        let commit = GroupCommit(
            begun: 2_000, ended: 3_000, jobs: 1, operations: 2, durability: .buffered,
            error: EngineError(.io, "no"))
        record.work = .commit(commit)
        maker.make(.work(record))
        let span = recorder.spans[0]
        #expect(span.parent == TracedCluster.client.spanID)
        #expect(span.context.traceID == TracedCluster.client.traceID)
        // Its node's clock, as of the beginning.
        #expect(span.start == 6_000 && span.end == 7_000)
        #expect(span.texts["error.type"] == "io" && span.status?.code == .error)
    }

    @Test("a read that failed says so, and so does the part that it was of")
    func failedRead() {
        let recorder = SpanRecorder()
        var maker = maker(recorder)
        var record = Self.part
        record.failure = ReplicaError(.corruption, "damaged")
        maker.make(.part(record))
        #expect(recorder.spans.map(\.name) == ["read", "engine read"])
        for span in recorder.spans {
            #expect(span.texts["error.type"] == "corruption" && span.status?.message == "damaged")
        }
        #expect(recorder.spans[1].texts["kvnode.read.keys"] == "2")
        // Who asked is no member any more.
        #expect(
            recorder.spans[0].texts["client.address"] == String(NodeID(name: "n7").rawValue, radix: 16))
    }

    @Test("a node that has left has its name still, if spans have told of it before")
    func leaver() {
        let recorder = SpanRecorder()
        let isMember = Atomic(true)
        var maker = SpanMaker(RecordingTracer(recorder: recorder, node: "n0"), nodeName: "n0") { _ in
            isMember.load(ordering: .relaxed) ? "n7" : nil
        }
        maker.make(.part(Self.part))
        isMember.store(false, ordering: .relaxed)
        maker.make(.part(Self.part))
        #expect(
            recorder.spans.filter { $0.name == "read" }.map { $0.texts["client.address"] } == ["n7", "n7"])
    }
}
