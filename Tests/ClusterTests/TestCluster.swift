import Cluster
import ClusterCore
import Engine
import Foundation
import Instruments
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Transport

/// Time by the test's hand; starts in 2026.
final class ManualClock: Sendable {
    private let millis = Mutex<UInt64>(1_795_000_000_000)

    var now: UInt64 { millis.withLock { $0 } }
    func advance(seconds: UInt64) { millis.withLock { $0 += seconds * 1000 } }
}

/// Whole nodes on memory engines in one process, over an in-process network whose links a test cuts and heals.
final class TestCluster: Sendable {
    final class TestNode: Sendable {
        let node: ClusterNode
        let executor: EngineExecutor
        /// The first of its loops.
        let loop: any EventLoop
        let id: NodeID
        /// What the node has been told of its peers.
        let watch: PeerWatch
        fileprivate let directory: URL
        fileprivate let transport: Task<Void, Never>

        fileprivate init(
            node: ClusterNode, executor: EngineExecutor, loop: any EventLoop, watch: PeerWatch,
            directory: URL, transport: Task<Void, Never>
        ) {
            self.node = node
            self.watch = watch
            self.executor = executor
            self.loop = loop
            self.directory = directory
            self.transport = transport
            id = NodeID(name: node.configuration.nodeName)
        }

        /// - Parameter trace: That the client says it is part of.
        func serve(_ request: Request, in trace: TraceContext? = nil) async -> Response {
            await withCheckedContinuation { done in
                node.submit(request, from: RequestSource(.grpc, trace: trace)) { done.resume(returning: $0) }
            }
        }

        /// What this node's own replica holds.
        func replica(_ bucket: String, _ key: String) async throws -> Versions? {
            let layout = node.configuration.layout
            let key = StorageKey(bucket: bucket, key: Array(key.utf8), partitionCount: layout.partitionCount)
            let stored = try await executor.read { (engine) throws(EngineError) in
                try engine.get(.data, key.bytes)
            }
            return try stored.map(VersionsCodec.decode)
        }
    }

    let network = InProcessNetwork()
    let clock = ManualClock()
    let nodes: [TestNode]
    private let group: MultiThreadedEventLoopGroup

    /// - Parameters:
    ///   - loops: That each node coordinates on, one or two.
    ///   - requestLogger: For lines on slow requests, of all nodes.
    ///   - metrics: Where the first node counts.
    ///   - recorder: Keeps the spans of all nodes. Their wall clock goes on by itself then, so that times can be compared.
    ///   - change: Adjusts each node's configuration before it starts.
    ///   - transport: What each node sends through, in place of its own transport.
    init(
        nodes count: Int, bootID: String = "boot", loops loopCount: Int = 2, requestLogger: Logger? = nil,
        recorder: SpanRecorder? = nil, metrics: MetricRegistry? = nil,
        _ change: (inout ClusterConfiguration) -> Void = { _ in },
        through wrap: (any PeerTransport) -> any PeerTransport = { $0 }
    ) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let members = (0..<count).map { Member(name: "n\($0)", address: "127.0.0.1:\($0 + 1)") }
        let layout = try Layout.initial(
            members: members, partitionCount: 64, replicationFactor: min(3, count))
        let clock = clock
        let begun = NIODeadline.now()
        let goesOn = recorder != nil
        let environment = Environment(
            bootID: bootID, dataID: "memory",
            wallNanoseconds: {
                let elapsed = goesOn ? UInt64((NIODeadline.now() - begun).nanoseconds) : 0
                return clock.now * 1_000_000 + elapsed
            })
        var started: [TestNode] = []
        for member in members {
            var configuration = ClusterConfiguration(
                clusterName: "test", nodeName: member.name, layout: layout,
                bucketDefaults: BucketProperties(n: min(3, count), r: min(2, count), w: min(2, count)),
                defaultTimeout: .seconds(30))
            change(&configuration)
            let (executor, directory) = try makeTemporaryExecutor()
            let logger = Logger(label: member.name) { _ in SwiftLogNoOpLogHandler() }
            let loops = [group.next(), group.next()].prefix(loopCount)
            let node = try await ClusterNode(
                configuration: configuration, executor: executor, loops: Array(loops),
                environment: environment,
                metrics: started.isEmpty ? metrics ?? MetricRegistry() : MetricRegistry(),
                logger: logger, requestLogger: requestLogger,
                tracer: recorder.map { RecordingTracer(recorder: $0, node: member.name) })
            let hello = node.hello(maxBatchBytes: 72 << 20, engine: "memory", softwareVersion: "test")
            let watch = PeerWatch(node)
            let transport = InProcessPeerTransport(
                network: network, hello: hello, members: members, handler: watch, eventLoop: group.next(),
                logger: logger)
            node.attach(wrap(transport))
            started.append(
                TestNode(
                    node: node, executor: executor, loop: loops[0], watch: watch, directory: directory,
                    transport: Task { await transport.run() }))
        }
        nodes = started
    }

    /// Ends every node in good order.
    func stop() async throws {
        for node in nodes { await node.node.drain() }
        for node in nodes {
            node.transport.cancel()
            await node.transport.value
            try await node.node.close()
            try node.executor.shutdown()
            try FileManager.default.removeItem(at: node.directory)
        }
        try await group.shutdownGracefully()
    }

    /// Cuts every link of a node.
    func isolate(_ index: Int) {
        for other in nodes.indices where other != index { network.cut(nodes[index].id, nodes[other].id) }
    }

    func rejoin(_ index: Int) {
        for other in nodes.indices where other != index { network.heal(nodes[index].id, nodes[other].id) }
    }

    /// Runs `body` on a cluster of its own.
    static func with(
        nodes: Int = 3, _ change: (inout ClusterConfiguration) -> Void = { _ in },
        _ body: (TestCluster) async throws -> Void
    ) async throws {
        let cluster = try await TestCluster(nodes: nodes, change)
        try await cluster.whileRunning { try await body(cluster) }
    }

    /// Runs `body` when the nodes have met, then ends them.
    func whileRunning(_ body: () async throws -> Void) async throws {
        do {
            try await connected()
            try await body()
        } catch {
            try await stop()
            throw error
        }
        try await stop()
    }

    /// Returns when every node has been told of all others, and answers a read that needs all replicas.
    private func connected() async throws {
        for node in nodes { await node.watch.wait(forPeers: nodes.count - 1) }
        for node in nodes {
            _ = try await node.get("any", r: node.node.configuration.layout.replicationFactor)
        }
    }
}

extension TestCluster.TestNode {
    func put(
        _ key: String, _ value: String?, bucket: String = "b", context: [UInt8] = [], ttl: Int? = nil,
        condition: PutRequest.Condition = .none, w: Int? = nil, returnSiblings: Bool = true
    ) async throws(RequestError) -> Reading {
        let content: Sibling.Content =
            value.map { .value(Array($0.utf8), contentType: "text/plain") } ?? .tombstone
        let request = PutRequest(
            bucket: bucket, key: Array(key.utf8), content: content, context: context,
            expiry: Expiry(ttlSeconds: ttl),
            condition: condition, returnSiblings: returnSiblings,
            quorum: QuorumOverrides(w: w))
        switch await serve(.put(request)) {
        case .written(let reading): return reading
        case .failed(let error): throw error
        case .read, .updated, .listed: throw RequestError(.internal, "a put was not answered as one")
        }
    }

    func get(_ key: String, bucket: String = "b", r: Int? = nil) async throws(RequestError) -> Reading {
        let request = GetRequest(bucket: bucket, key: Array(key.utf8), quorum: QuorumOverrides(r: r))
        switch await serve(.get(request)) {
        case .read(let reading): return reading
        case .failed(let error): throw error
        case .written, .updated, .listed: throw RequestError(.internal, "a get was not answered as one")
        }
    }

    func change(
        _ key: String, _ change: DataChange, bucket: String = "b", w: Int? = nil
    ) async throws(RequestError) -> DataOutcome {
        let request = UpdateRequest(
            bucket: bucket, key: Array(key.utf8), change: change, quorum: QuorumOverrides(w: w))
        switch await serve(.update(request)) {
        case .updated(let outcome): return outcome
        case .failed(let error): throw error
        case .read, .written, .listed: throw RequestError(.internal, "a change was not answered as one")
        }
    }

    func list(
        prefix: String = "", bucket: String = "b", limit: Int, cursor: [UInt8] = []
    ) async throws(RequestError) -> Listing {
        let request = ListRequest(bucket: bucket, prefix: Array(prefix.utf8), limit: limit, cursor: cursor)
        switch await serve(.list(request)) {
        case .listed(let listing): return listing
        case .failed(let error): throw error
        case .read, .written, .updated: throw RequestError(.internal, "a list was not answered as one")
        }
    }
}

extension Reading {
    /// The values as text, in the siblings' order.
    var texts: [String] {
        siblings.compactMap {
            if case .value(let bytes, _) = $0.content { String(decoding: bytes, as: UTF8.self) } else { nil }
        }
    }
}
