import Cluster
import ClusterCore
import Instruments
import Logging
import NIOPosix
import Synchronization

/// Carries batches between nodes over gRPC: a server for the peers' streams, and one stream to each peer.
///
/// Everything runs on the event loops it is given. The handler is called there: on the loop of the stream in question,
/// or, when the group has several, on one of the group's.
public final class GRPCPeerTransport: PeerTransport {
    private struct State {
        /// Cuts the streams that a stop has left over.
        var cutOff: Task<Void, Never>?
    }

    private let configuration: Configuration
    private let links: PeerLinks
    private let server: PeerServer
    private let executor: LoopExecutor
    private let state = Mutex(State())

    /// All metrics that a transport tells.
    public static let metrics = PeerMetrics.definitions

    /// - Parameters:
    ///   - metrics: Where it counts what it sends.
    ///   - eventLoopGroup: Must outlive `run`, or the transport if that is never called.
    ///   - handler: Kept until the transport goes.
    public init(
        configuration: Configuration, handler: any PeerHandler, eventLoopGroup: MultiThreadedEventLoopGroup,
        metrics: MetricRegistry = MetricRegistry(), logger: Logger
    ) {
        let admission = Admission(own: configuration.hello, requiresProof: configuration.tls != nil)
        let links = PeerLinks(
            configuration: configuration, admission: admission, handler: handler, group: eventLoopGroup,
            metrics: metrics, logger: logger)
        self.configuration = configuration
        self.links = links
        executor = LoopExecutor(eventLoopGroup)
        server = PeerServer(
            configuration: configuration, admission: admission, handler: handler, group: eventLoopGroup,
            metrics: metrics, logger: logger, admitted: links.retryNow)
        metrics.collect(Self.metrics) { reading in
            let queued = links.queuedBytes
            reading.add(PeerMetrics.queued, queued.reduce(0, +))
            reading.add(PeerMetrics.longestQueue, queued.max() ?? 0)
        }
    }

    public func send(_ batch: [UInt8], to peer: NodeID) -> SendOutcome {
        links.send(batch, to: peer)
    }

    public func update(peers: [Member]) { links.update(peers) }

    /// The port that the server listens on, as soon as it does.
    ///
    /// - Throws: If `run` has ended, or could not bind.
    public var listeningPort: Int {
        get async throws { try await server.listeningPort }
    }

    /// Serves and connects until the task is cancelled; then stops in good order: what is queued leaves first, for as
    /// long as `stopTimeout` allows. Once only.
    ///
    /// - Throws: If the server can't listen.
    public func run() async throws {
        let work = Task(executorPreference: executor) { try await self.serveAndConnect() }
        defer { state.withLock { $0.cutOff.take() }?.cancel() }
        // The streams must not see the cancellation itself, which would cut them at once.
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            self.stop(work)
        }
    }

    private func serveAndConnect() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await self.links.run() }
            // However the server ends, the links end with it.
            defer { links.stop() }
            try await server.run()
        }
    }

    private func stop(_ work: Task<Void, any Error>) {
        server.stop()
        links.stop()
        let cutOff = Task { [configuration] in
            guard (try? await Task.sleep(for: configuration.stopTimeout)) != nil else { return }
            work.cancel()
        }
        state.withLock { $0.cutOff = cutOff }
    }
}
