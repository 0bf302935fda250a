import API
import Cluster
import ClusterCore
import Engine
import Instruments
import LogLimits
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import TextAPI
import TraceExport
import Transport
import UnixSignals

/// A node of the cluster: its parts, put together, started and stopped in order.
enum Node {
    /// Runs a node until it is told to stop by SIGTERM or SIGINT, or a part of it fails.
    ///
    /// - Parameters:
    ///   - log: Where all that the process logs goes.
    ///   - metrics: Where it counts what it does.
    static func run(configuration: NodeConfiguration, log: NodeLog, metrics: MetricRegistry) async throws {
        let logger = Logger(label: "kvnode")
        if let count = OpenFiles.raiseLimit() {
            logger.debug("files that may be open", metadata: ["count": "\(count)"])
        }
        // Before anything is made or taken: what is wrong with a certificate should cost nothing.
        let tls = try await NodeTLS(configuration, logger: Logger(label: "tls"))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.node.eventLoops)
        let traces = try TraceService(
            configuration, metrics: metrics,
            logs: LimitedLogs(
                Logger(label: "traces"), every: TimeAmount(configuration.log.repeatInterval), on: group.next()
            ))
        let directory = try DataDirectory(configuration.node.dataDirectory, engine: configuration.engine.type)
        let engineLogger = Logger(label: "engine")
        let engineLogs = LimitedLogs(
            engineLogger, every: TimeAmount(configuration.log.repeatInterval), on: group.next())
        let executor = try OpenEngine.executor(configuration.engine, in: directory, engineLogs, engineLogger)
        logger.info(
            "the engine is open",
            metadata: [
                "engine": "\(configuration.engine.type)", "directory": "\(configuration.node.dataDirectory)",
            ])
        for folder in directory.marker.kept {
            logger.notice(
                "the data of an earlier engine is kept: kvnode engine migrate --remove-old removes it",
                metadata: ["directory": "\(DataDirectory.entry(folder, in: directory.path))"])
        }
        let environment = Host.environment(of: directory)
        let outcome = await result {
            let access = try AccessService(
                configuration.access, metricsAreOpen: configuration.metrics.isOpen, Logger(label: "access"))
            access.warn()
            let served = await result {
                let found: NodeConfiguration?
                do {
                    found = try await configuration.findingMembers(executor, tls.peer, group, logger)
                } catch {
                    throw OpenEngine.explain(error)
                }
                guard let found else { return }
                try await serve(
                    found, tls, access, traces, executor, environment, group, log, metrics, logger)
            }
            let ended = await result { try await access.shutdown() }
            // The first error is the one to tell.
            try served.get()
            try ended.get()
        }
        // Whatever happened, what was committed is closed in good order; the first error is the one to tell.
        let closing = await result { try executor.shutdown() }
        try await group.shutdownGracefully()
        try outcome.get()
        try closing.get()
        logger.info("the node has stopped")
    }

    private static func serve(
        _ configuration: NodeConfiguration, _ tls: NodeTLS, _ access: AccessService,
        _ traces: TraceService, _ executor: EngineExecutor, _ environment: Environment,
        _ group: MultiThreadedEventLoopGroup,
        _ log: NodeLog, _ metrics: MetricRegistry, _ logger: Logger
    ) async throws {
        let node: ClusterNode
        let slowRequests = RecentRequests(limit: ConsoleService.slowRequests)
        do {
            node = try await ClusterNode(
                configuration: try configuration.clusterConfiguration(), executor: executor,
                loops: Array(group.makeIterator()), environment: environment, metrics: metrics,
                logger: Logger(label: "cluster"),
                requestLogger: slowRequests.watching(Logger(label: "slow_requests")),
                tracer: traces.exporter?.tracer)
        } catch {
            throw OpenEngine.explain(error)
        }
        let transport = GRPCPeerTransport(
            configuration: configuration.transportConfiguration(of: node, tls.peer), handler: node,
            eventLoopGroup: group, metrics: metrics, logger: Logger(label: "peers"))
        var traces = traces
        traces.attach(node)
        let conflicts = ConflictService(node: node)
        node.attach(transport)
        let budget = ReceiveBudget(maxBytes: configuration.requests.maxReceivedBytes)
        let clients = Logger(label: "clients")
        let backups = BackupService(
            configuration, node: node, engine: executor.engine, wallMillis: environment.wallMillis,
            figures: BackupFigures(metrics), loop: group.next(), logger: Logger(label: "backup"))
        let nodeMetrics = NodeMetrics(
            metrics, executor, engine: configuration.engine.type,
            directory: configuration.node.dataDirectory, limit: configuration.metrics.collectionTimeout,
            logger)
        let grpc = ClientGRPCServer(
            configuration: configuration.grpcConfiguration(tls.grpc?.security, budget), service: node,
            access: access.access, levels: LogLevelService(log.levels, on: group.next()), backups: backups,
            load: nodeMetrics.load, group: group, logger: clients)
        let console = ConsoleService(
            node: node, engine: configuration.engine.type, load: nodeMetrics.load, slowRequests: slowRequests)
        let http = HTTPServer(
            configuration: configuration.httpConfiguration(tls.http?.security, budget), service: node,
            access: access.access, metrics: nodeMetrics.page(accept:), console: console.answer, group: group,
            logger: clients)
        let resp = RESPServer(
            configuration: configuration.respConfiguration(tls.resp?.security, budget), service: node,
            access: access.access,
            wallMillis: environment.wallMillis, group: group, logger: clients)

        ConnectionMetrics.collect(
            [("grpc", { grpc.connections }), ("http", { http.connections }), ("resp", { resp.connections })],
            budget, in: metrics)
        AccessMetrics.collect(access.access, in: metrics)
        CertificateMetrics.collect(tls.endpoints, in: metrics)

        // Started in this order, stopped in the reverse: first no new requests, then those under way end, then the
        // peers go.
        let services: [any Service] = [
            traces,
            CertificateService(
                endpoints: tls.endpoints, interval: configuration.tls.reload, logger: logger),
            PeerService(transport: transport, listen: configuration.peer.listen),
            conflicts, DrainService(node: node), access, backups,
            ServerService(
                name: "grpc.listen", listen: configuration.grpc.listen, serve: grpc.run,
                stop: grpc.beginGracefulShutdown),
            ServerService(
                name: "http.listen", listen: configuration.http.listen, serve: http.run,
                stop: http.beginGracefulShutdown),
            ServerService(
                name: "resp.listen", listen: configuration.resp.listen, serve: resp.run,
                stop: resp.beginGracefulShutdown),
        ]
        var lifecycle = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        lifecycle.maximumGracefulShutdownDuration = configuration.shutdownTimeout
        logger.info(
            "the node starts",
            metadata: [
                "node": "\(configuration.node.name)", "version": "\(Version.current)",
                "grpc": "\(configuration.grpc.listen)", "http": "\(configuration.http.listen)",
                "resp": "\(configuration.resp.listen)", "peer": "\(configuration.peer.listen)",
            ])
        try await ServiceGroup(configuration: lifecycle).run()
        try await node.close()
    }

    /// What `body` returned or threw.
    private static func result(_ body: () async throws -> Void) async -> Result<Void, any Error> {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
