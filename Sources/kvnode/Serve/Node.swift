import API
import Cluster
import ClusterCore
import Engine
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Transport
import UnixSignals

/// A node of the cluster: its parts, put together, started and stopped in order.
enum Node {
    /// Runs a node until it is told to stop by SIGTERM or SIGINT, or a part of it fails.
    static func run(configuration: NodeConfiguration) async throws {
        let logger = Logger(label: "kvnode")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.node.eventLoops)
        let executor = try openEngine(configuration)
        logger.info(
            "the engine is open",
            metadata: [
                "engine": "\(configuration.engine.type)", "directory": "\(configuration.node.dataDirectory)",
            ])
        let outcome = await Result { try await serve(configuration, executor, group, logger) }
        // Whatever happened, what was committed is closed in good order.
        try executor.shutdown()
        try await group.shutdownGracefully()
        try outcome.get()
        logger.info("the node has stopped")
    }

    private static func openEngine(_ configuration: NodeConfiguration) throws -> EngineExecutor {
        let settings = configuration.engine
        let directory = try DataDirectory(configuration.node.dataDirectory, engine: settings.type)
        let engine = try settings.factory.open(at: directory.enginePath, options: settings.options)
        var limits = EngineExecutor.Limits()
        limits.readerThreads = settings.readerThreads
        limits.maxQueuedWrites = settings.maxQueuedWrites
        limits.maxQueuedReads = settings.maxQueuedReads
        limits.maxGroupOperations = settings.maxGroupOperations
        limits.maxGroupBytes = settings.maxGroupBytes
        return try EngineExecutor(engine: engine, limits: limits)
    }

    private static func serve(
        _ configuration: NodeConfiguration, _ executor: EngineExecutor, _ group: MultiThreadedEventLoopGroup,
        _ logger: Logger
    ) async throws {
        let environment = Host.environment
        let node = try await ClusterNode(
            configuration: try configuration.clusterConfiguration(), executor: executor,
            loops: Array(group.makeIterator()), environment: environment, logger: logger)
        let transport = try GRPCPeerTransport(
            configuration: configuration.transportConfiguration(of: node), handler: node,
            eventLoopGroup: group,
            logger: logger)
        node.attach(transport)
        let grpc = try ClientGRPCServer(
            configuration: configuration.grpcConfiguration, service: node, group: group, logger: logger)
        let http = HTTPServer(
            configuration: configuration.httpConfiguration, service: node, group: group, logger: logger)

        // Started in this order, stopped in the reverse: first no new requests, then those under way end, then the
        // peers go.
        let services: [any Service] = [
            PeerService(transport: transport, listen: configuration.peer.listen),
            DrainService(node: node),
            ServerService(
                name: "grpc.listen", listen: configuration.grpc.listen, serve: grpc.run,
                stop: grpc.beginGracefulShutdown),
            ServerService(
                name: "http.listen", listen: configuration.http.listen, serve: http.run,
                stop: http.beginGracefulShutdown),
        ]
        var lifecycle = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        lifecycle.maximumGracefulShutdownDuration = configuration.shutdownTimeout
        logger.info(
            "the node starts",
            metadata: [
                "node": "\(configuration.node.name)", "version": "\(Version.current)",
                "grpc": "\(configuration.grpc.listen)", "http": "\(configuration.http.listen)",
                "peer": "\(configuration.peer.listen)",
            ])
        try await ServiceGroup(configuration: lifecycle).run()
        try await node.close()
    }
}

extension Result where Failure == any Error {
    /// What `body` returned or threw.
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
