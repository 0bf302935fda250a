import Cluster
import ClusterCore
import Logging
import NIOCore
import NIOPosix
import TLS

@testable import Transport

/// The transports that have to keep the contract.
enum Kind: String, CaseIterable, Sendable {
    case grpc
    case inProcess
}

/// What a test may want otherwise.
struct Settings: Sendable {
    var hello: PeerHello
    var maxBatchBytes = 1 << 20
    var announcedBatchBytes: Int?
    var maxQueuedBytes = 8 << 20
    var keepaliveTime = Duration.seconds(60)
    var keepaliveTimeout = Duration.seconds(60)
    /// Over sockets only: how long a stop waits for what was sent to be answered.
    var stopTimeout = Duration.seconds(2)
    /// Who else is in the cluster, by this node's account.
    var memberNames: [String]
    var answer: RecordingHandler.Answer?
    /// Over sockets only; nil for plain text.
    var tls: TLSEndpoint?
}

/// One node of a test: its transport with a handler that notes everything.
struct TestNode: Sendable {
    let id: NodeID
    let handler: RecordingHandler
    let transport: any PeerTransport
    let log: Observed<[LogRecorder.Line]>
    /// The node's own port, past all proxies; 0 in process.
    let port: Int
    fileprivate let running: Task<Void, any Error>
    fileprivate let group: MultiThreadedEventLoopGroup

    var record: Observed<RecordingHandler.Record> { handler.record }

    func send(_ numbers: some Sequence<UInt64>, to peer: TestNode) -> SendOutcome {
        transport.send(encoded(numbers), to: peer.id)
    }

    func waitUntilConnected(to peer: TestNode) async throws {
        try await record.wait("connected") { [id = peer.id] in $0.isConnected(to: id) }
    }

    /// Cancels and waits; throws what `run` threw.
    func stop() async throws {
        running.cancel()
        try await running.value
        try await group.shutdownGracefully()
    }
}

extension TestNode: CustomReflectable {
    /// A failed expectation prints its operands by reflection, which must not walk into a transport that is running.
    var customMirror: Mirror { Mirror(self, children: ["port": port]) }
}

/// Two or more nodes and the links between them, over sockets or in process.
final class TestNetwork {
    let kind: Kind
    private let names: [String]
    private let inProcess = InProcessNetwork()
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// From the caller to the called.
    private var proxies: [String: [String: LinkProxy]] = [:]

    init(_ kind: Kind, names: [String] = ["a", "b"]) async throws {
        self.kind = kind
        self.names = names
        guard kind == .grpc else { return }
        for caller in names {
            for callee in names where callee != caller {
                proxies[caller, default: [:]][callee] = try await LinkProxy(on: group)
            }
        }
    }

    func close() async throws {
        for proxy in proxies.values.flatMap(\.values) { try await proxy.close() }
        try await group.shutdownGracefully()
    }

    /// Starts a node; its port is bound when this returns.
    func start(_ name: String, _ adjust: (inout Settings) -> Void = { _ in }) async throws -> TestNode {
        var settings = Settings(
            hello: PeerHello(cluster: "test", nodeName: name, layoutVersion: 1, layoutDigest: 7),
            memberNames: names)
        adjust(&settings)
        let members = settings.memberNames.map { member($0, seenBy: name) }
        let handler = RecordingHandler(answer: settings.answer)
        let lines = Observed<[LogRecorder.Line]>([])
        let logger = Logger(label: name) { _ in LogRecorder(lines: lines) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var port = 0
        let transport: any PeerTransport
        let running: Task<Void, any Error>
        switch kind {
        case .grpc:
            var configuration = GRPCPeerTransport.Configuration(
                host: "127.0.0.1", port: 0, hello: settings.hello, members: members)
            configuration.maxBatchBytes = settings.maxBatchBytes
            configuration.announcedBatchBytes = settings.announcedBatchBytes
            configuration.maxQueuedBytes = settings.maxQueuedBytes
            configuration.keepaliveTime = settings.keepaliveTime
            configuration.keepaliveTimeout = settings.keepaliveTimeout
            configuration.stopTimeout = settings.stopTimeout
            configuration.tls = settings.tls
            configuration.backoff = Backoff(initial: .milliseconds(5), max: .milliseconds(50))
            let grpc = GRPCPeerTransport(
                configuration: configuration, handler: handler, eventLoopGroup: group, logger: logger)
            running = Task { try await grpc.run() }
            port = try await grpc.listeningPort
            for links in proxies.values { links[name]?.setTarget(port) }
            transport = grpc
        case .inProcess:
            settings.hello.maxBatchBytes = UInt32(settings.announcedBatchBytes ?? settings.maxBatchBytes)
            let local = InProcessPeerTransport(
                network: inProcess, hello: settings.hello, members: members,
                maxBatchBytes: settings.maxBatchBytes,
                maxQueuedBytes: settings.maxQueuedBytes, handler: handler, eventLoop: group.next(),
                logger: logger)
            running = Task { await local.run() }
            transport = local
        }
        return TestNode(
            id: NodeID(name: settings.hello.nodeName), handler: handler, transport: transport, log: lines,
            port: port, running: running, group: group)
    }

    /// With the address at which `caller` reaches it.
    func member(_ name: String, seenBy caller: String) -> Member {
        Member(name: name, address: "127.0.0.1:\(proxies[caller]?[name]?.port ?? 1)")
    }

    func cut(_ a: String, _ b: String) {
        inProcess.cut(NodeID(name: a), NodeID(name: b))
        proxies[a]?[b]?.cut()
        proxies[b]?[a]?.cut()
    }

    func heal(_ a: String, _ b: String) {
        inProcess.heal(NodeID(name: a), NodeID(name: b))
        proxies[a]?[b]?.heal()
        proxies[b]?[a]?.heal()
    }

    /// Over sockets only: nothing gets through, and nobody is told.
    func freeze(_ a: String, _ b: String) {
        proxies[a]?[b]?.freeze()
        proxies[b]?[a]?.freeze()
    }
}

/// Runs `body` on a network of two running nodes that are connected both ways, and stops everything after it.
func withPair(
    _ kind: Kind, a: (inout Settings) -> Void = { _ in }, b: (inout Settings) -> Void = { _ in },
    body: (TestNetwork, TestNode, TestNode) async throws -> Void
) async throws {
    let network = try await TestNetwork(kind)
    let first = try await network.start("a", a)
    let second = try await network.start("b", b)
    try await first.waitUntilConnected(to: second)
    try await second.waitUntilConnected(to: first)
    try await body(network, first, second)
    try await first.stop()
    try await second.stop()
    try await network.close()
}
