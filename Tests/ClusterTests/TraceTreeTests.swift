import Cluster
import ClusterCore
import NIOCore
import Synchronization
import Testing
import Tracing

/// The tree of spans that a request leaves, over all nodes that had a part in it.
@Suite("Traces: trees")
struct TraceTreeTests {
    @Test("a put: its coordinator, three replicas, and the commit of each")
    func put() async throws {
        try await TracedCluster.with { traced in
            let spans = await traced.spans(of: putRequest("k"), at: 0)
            #expect(
                spans.tree == """
                    put b server n0
                      commit internal n0
                        engine commit internal n0
                      store client n0
                        store server n1
                          engine commit internal n1
                      store client n0
                        store server n2
                          engine commit internal n2

                    """)
            spans.checkTimes()
            #expect(spans[0].context.traceID == TracedCluster.client.traceID)
            #expect(spans[0].parent == TracedCluster.client.spanID)
            #expect(spans.allSatisfy { $0.status == nil && $0.context.isSampled })
        }
    }

    @Test("what spans say: where, what and how much, but neither key nor value")
    func attributes() async throws {
        try await TracedCluster.with { traced in
            let spans = await traced.spans(of: putRequest("k", w: 3), at: 0)
            let key = StorageKey(bucket: "b", key: Array("k".utf8), partitionCount: 64)
            let own: [String: String] = [
                "db.system.name": "kvnode", "db.operation.name": "put", "db.collection.name": "b",
                "server.address": "n0", "network.protocol.name": "grpc",
                "kvnode.partition": "\(key.partition)", "kvnode.key_size": "1", "kvnode.value_size": "5",
                "kvnode.n": "3", "kvnode.r": "2", "kvnode.w": "3",
            ]
            #expect(spans.first(named: "put b")?.texts == own)
            let ask = try #require(spans.first(named: "store", .client))
            let asked = try #require(ask.texts["server.address"])
            #expect(
                ask.texts == ["rpc.system": "kvnode", "rpc.method": "store", "server.address": asked])
            let served = try #require(spans.first { $0.parent == ask.context.spanID })
            #expect(served.node == asked)
            #expect(served.texts == ask.texts.merging(["client.address": "n0"]) { $1 })
            let commit = try #require(spans.first(named: "engine commit"))
            #expect(commit.texts["kvnode.commit.durability"] == "buffered")
            #expect(try #require(Int(commit.texts["kvnode.commit.jobs"] ?? "")) >= 1)
            #expect(try #require(Int(commit.texts["kvnode.commit.operations"] ?? "")) >= 1)
        }
    }

    @Test("whose a request is, its own span says")
    func user() async throws {
        try await TracedCluster.with { traced in
            await withCheckedContinuation { done in
                let source = RequestSource(.http, user: "alice", trace: TracedCluster.client)
                traced.cluster.nodes[0].node.submit(putRequest("k"), from: source) { _ in done.resume() }
            }
            for span in await traced.spans() {
                #expect(span.texts["enduser.id"] == (span.name == "put b" ? "alice" : nil))
            }
        }
    }

    @Test("a get: its own copy, and those of the others, which need not be sent")
    func get() async throws {
        try await TracedCluster.with { traced in
            guard case .written = await traced.cluster.nodes[0].serve(putRequest("k", w: 3)) else {
                Issue.record("the put failed")
                return
            }
            let spans = await traced.spans(of: getRequest("k", r: 3), at: 0)
            #expect(
                spans.tree == """
                    get b server n0
                      read client n0
                        read server n1
                      read client n0
                        read server n2
                      read internal n0

                    """)
            spans.checkTimes()
            for read in spans where read.name == "read" {
                #expect(read.texts["kvnode.read.resident"] == (read.kind == .client ? nil : "true"))
            }
        }
    }

    @Test("a put that was asked of a node without the key: that node's, and within it the coordinator's")
    func forwarded() async throws {
        try await TracedCluster.with(nodes: 4) { traced in
            let (_, others) = traced.places(of: "k")
            let spans = await traced.spans(of: putRequest("k", w: 3), at: others[0])
            spans.checkTimes()
            let (root, ask) = (spans[0], try #require(spans.first(named: "forward")))
            #expect(root.node == "n\(others[0])" && root.parent == TracedCluster.client.spanID)
            #expect(root.texts["network.protocol.name"] == "grpc")
            #expect(ask.parent == root.context.spanID && ask.kind == .client)
            let coordinator = try #require(spans.first { $0.parent == ask.context.spanID })
            #expect(coordinator.name == "put b" && coordinator.kind == .server)
            #expect(coordinator.node == ask.texts["server.address"])
            #expect(coordinator.texts["network.protocol.name"] == "peer")
            #expect(spans.count { $0.name == "store" && $0.kind == .server } == 2)
            #expect(spans.count { $0.name == "engine commit" } == 3)
        }
    }

    @Test("a put that changes what it finds: reads, and then writes")
    func update() async throws {
        try await TracedCluster.with { traced in
            let update = UpdateRequest(bucket: "b", key: [1], change: .addMembers([[7]]))
            let spans = await traced.spans(of: .update(update), at: 0)
            spans.checkTimes()
            #expect(spans[0].name == "update b")
            #expect(spans.count { $0.name == "read" && $0.parent == spans[0].context.spanID } == 3)
            #expect(spans.count { $0.name == "engine commit" } == 3)
            for span in spans where span.name == "engine commit" {
                let above = spans.first { $0.context.spanID == span.parent }
                #expect(["commit", "store"].contains(above?.name))
            }
        }
    }

    @Test("a listing: the pages of as many replicas as it takes, and what they read")
    func list() async throws {
        try await TracedCluster.with { traced in
            _ = await traced.cluster.nodes[0].serve(putRequest("k", w: 3))
            let spans = await traced.spans(of: .list(ListRequest(bucket: "b", limit: 10)), at: 0)
            spans.checkTimes()
            #expect(spans[0].name == "list b" && spans[0].texts["kvnode.partition"] == nil)
            let asks = spans.filter { $0.parent == spans[0].context.spanID }
            #expect(asks.count >= 2 && asks.allSatisfy { $0.name == "list" })
            for ask in asks {
                let below = try #require(spans.first { $0.parent == ask.context.spanID })
                let read = ask.kind == .client ? spans.first { $0.parent == below.context.spanID } : below
                #expect(read?.name == "engine read" && read?.node == below.node)
            }
        }
    }

    @Test("a write with a stand-in: the hint is a replica's part")
    func hinted() async throws {
        try await TracedCluster.with(
            nodes: 4,
            {
                $0.bucketDefaults.quorum = .sloppy
                // The one stand-in is for the replica that is away, however long the other takes.
                $0.handoff.fallbackDelay = .hours(1)
            }
        ) { traced in
            let (replicas, others) = traced.places(of: "k")
            traced.cluster.isolate(replicas[2])
            let spans = await traced.spans(of: putRequest("k", w: 3), at: replicas[0])
            spans.checkTimes()
            #expect(spans[0].status == nil)
            let failed = try #require(spans.first { $0.texts["error.type"] != nil })
            #expect(failed.name == "store" && failed.texts["error.type"] == "unreachable")
            #expect(failed.texts["server.address"] == "n\(replicas[2])" && failed.status?.code == .error)
            let ask = try #require(spans.first(named: "hint", .client))
            #expect(ask.texts["server.address"] == "n\(others[0])")
            let served = try #require(spans.first(named: "hint", .server))
            #expect(served.parent == ask.context.spanID && served.node == "n\(others[0])")
            #expect(spans.contains { $0.name == "engine commit" && $0.parent == served.context.spanID })
        }
    }

    @Test("a request that fails: its span says why, and so does that of the replica")
    func failed() async throws {
        try await TracedCluster.with { traced in
            traced.cluster.isolate(2)
            let spans = await traced.spans(of: putRequest("k", w: 3), at: 0)
            #expect(
                spans.tree == """
                    put b server n0  ! quorum_not_reached
                      commit internal n0
                        engine commit internal n0
                      store client n0
                        store server n1
                          engine commit internal n1
                      store client n0  ! unreachable

                    """)
            spans.checkTimes()
            #expect(spans[0].status?.code == .error)
            #expect(spans[0].texts["kvnode.replicas_needed"] == "3")
        }
    }

    @Test("a request that was to blame itself is no error of the node's")
    func refused() async throws {
        try await TracedCluster.with { traced in
            _ = await traced.cluster.nodes[0].serve(putRequest("k", w: 3))
            let spans = await traced.spans(of: putRequest("k", condition: .ifAbsent), at: 0)
            #expect(spans[0].texts["error.type"] == "precondition_failed" && spans[0].status == nil)
        }
    }

    @Test("a replica that never answers: its span ends with the request's operation, as an error")
    func silent() async throws {
        let silenced = NodeID(name: "n2")
        try await TracedCluster.with(through: { SilencingTransport($0, silenced) }) { traced in
            var spans: [SpanRecorder.Recorded] = []
            // The silence lasts as long as the request may take, and the others are to answer within that: they are given more
            // time until they do.
            for (attempt, millis) in [300, 3_000, 30_000].enumerated() {
                var trace = TracedCluster.client
                trace.traceID = try #require(TraceContext.TraceID(high: 1, low: UInt64(attempt)))
                let put = putRequest("k", w: 2, timeoutMillis: millis)
                spans = await traced.spans(of: put, at: 0, in: trace).of(trace)
                if spans.first?.status == nil { break }
            }
            #expect(
                spans.tree == """
                    put b server n0
                      commit internal n0
                        engine commit internal n0
                      store client n0
                        store server n1
                          engine commit internal n1
                      store client n0  ! no_answer

                    """)
            spans.checkTimes()
        }
    }
}

/// Loses the writes to one node, as a network does that forwards nothing and says nothing of it.
private final class SilencingTransport: PeerTransport {
    private let inner: any PeerTransport
    private let silenced: NodeID

    init(_ inner: any PeerTransport, _ silenced: NodeID) {
        self.inner = inner
        self.silenced = silenced
    }

    func send(_ batch: [UInt8], to peer: NodeID) -> SendOutcome {
        var isWrite = false
        do throws(CodecError) {
            try PeerCodec.decodeRequests(batch) { if case .put = $0.body { isWrite = true } }
        } catch {
            Issue.record("a batch that cannot be decoded: \(error)")
        }
        return isWrite && peer == silenced ? .accepted : inner.send(batch, to: peer)
    }

    func update(peers: [Member]) { inner.update(peers: peers) }
}
