import Access
import ClusterCore
import Engine
import Foundation
import Instruments
import LogLimits
import Logging
import NIOCore
import NIOPosix
import Observability
import Testing
import TextAPI
import TraceExport
import Transport

@testable import Cluster
@testable import kvnode

@Suite struct MetricCatalogTests {
    @Test func `each metric keeps to the conventions, and has a name of its own`() {
        for metric in MetricCatalog.metrics {
            #expect(metric.problem == nil)
            #expect(metric.name.hasPrefix("kvnode_") || metric.name.hasPrefix("process_"))
            // A cell of a table holds it.
            #expect(!metric.help.contains("|") && metric.help.hasSuffix("."), "\(metric.name)")
        }
        #expect(Set(MetricCatalog.metrics.map(\.name)).count == MetricCatalog.metrics.count)
    }

    @Test func `no label grows with the data or with the cluster`() {
        let labels = Set(MetricCatalog.metrics.flatMap(\.labels))
        #expect(
            labels == [
                "version", "engine", "protocol", "operation", "outcome", "code", "replica", "reason", "state",
                "kind", "queue", "port", "level", "phase", "bound", "thread", "durability", "source",
                // Of metrics.max_buckets.
                "bucket",
            ])
    }

    @Test func `the document lists what there is`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let document = try String(
            contentsOf: root.appending(path: "docs/observability.md"), encoding: .utf8)
        #expect(document.contains("\n\n" + MetricDocument.table(of: MetricCatalog.metrics)))
    }

    /// All that can come up at once: each protocol, operation, outcome and error, each figure of each engine, all ports with TLS,
    /// and as many series of libraries as a node takes by default.
    @Test func `a node of a hundred has at most 2,000 series`() async throws {
        let registry = MetricRegistry()
        registry.declare(MetricCatalog.metrics)
        let members = (0..<100).map { Member(name: "n\($0)", address: "127.0.0.1:\($0 + 1)") }
        let directory = FileManager.default.temporaryDirectory.appending(path: "kvnode-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let executor = try EngineExecutor(
            engine: try MemoryEngineFactory.open(
                at: directory.path, options: try EngineOptions(MemoryEngineFactory.options)))
        let node = try await makeNode(of: members, executor, registry)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let transport = GRPCPeerTransport(
            configuration: .init(
                host: "127.0.0.1", port: 0,
                hello: node.hello(maxBatchBytes: 1 << 20, engine: "memory", softwareVersion: "test"),
                members: members), handler: node, eventLoopGroup: .singletonMultiThreadedEventLoopGroup,
            metrics: registry, logger: logger)
        ConnectionMetrics.collect(
            ["grpc", "http", "resp"].map { (name: $0, statistics: { ConnectionStatistics() }) },
            ReceiveBudget(maxBytes: 1),
            in: registry)
        AccessMetrics.collect(
            AccessControl(
                openWith: AuditLog(logger: logger, maxRefusalsPerSecond: 0, nanoseconds: { 0 })),
            in: registry)
        _ = BackupFigures(registry)
        let metrics = NodeMetrics(
            registry, executor, engine: "memory", directory: directory.path, limit: .seconds(60), logger)
        _ = try TraceExporter(
            TraceExportConfiguration(endpoint: TraceEndpoint(isSecure: false, host: "127.0.0.1", port: 1)),
            resource: TraceResource(namespace: "test", instance: "n0", version: "test"), metrics: registry,
            logs: LimitedLogs(
                logger, every: 1, clock: LimitedLog.Clock(nanoseconds: { 0 }, after: { _, _ in })))
        _ = SwiftMetricsBackend(registry: registry, maxSeries: 0)
        askEverything(of: node)
        try await executor.write(WriteBatch(), durability: .synced)
        // The disk is asked for it.
        _ = await metrics.page(accept: "")

        var reading = registry.read()
        EngineFigures.add(
            Dictionary(uniqueKeysWithValues: EngineFigures.keys.map { ($0, 1) }), to: &reading)
        for port in ["peer", "grpc", "http", "resp"] { reading.add(CertificateMetrics.expiry, [port], 1) }
        for clock in [BackgroundMetrics.furthestClock, BackgroundMetrics.medianClock] {
            reading.add(clock, 1)
        }
        let bound = SettingTable(engines: Sources.engines)["metrics.max_library_series"]?.defaultValue
        guard case .int(let libraries) = bound else {
            Issue.record("no bound of libraries' series")
            return
        }
        #expect(reading.seriesCount > 1_000, "what was asked is not there")
        #expect(reading.seriesCount + libraries <= 2_000)
        for family in reading.families where family.series.isEmpty {
            Issue.record("\(family.definition.name) was not told")
        }
        withExtendedLifetime(transport) {}
        try executor.shutdown()
    }

    private func makeNode(
        of members: [Member], _ executor: EngineExecutor, _ registry: MetricRegistry
    ) async throws -> ClusterNode {
        let layout = try Layout.initial(members: members, partitionCount: 256, replicationFactor: 3)
        return try await ClusterNode(
            configuration: ClusterConfiguration(
                clusterName: "test", nodeName: members[0].name, layout: layout,
                bucketDefaults: BucketProperties()),
            executor: executor, loops: [MultiThreadedEventLoopGroup.singleton.next()],
            environment: Environment(bootID: "boot", dataID: "memory", wallMillis: { 0 }), metrics: registry,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Counts a success and each kind of failure for each operation of each protocol.
    private func askEverything(of node: ClusterNode) {
        let meter = node.shards[0].meter
        for origin in RequestOrigin.allCases {
            for kind in RequestKind.allCases {
                meter.answered(origin, kind, receivedBytes: 1, nanoseconds: 1, .read(Reading()))
                for code in RequestError.Code.allCases {
                    meter.answered(
                        origin, kind, receivedBytes: 1, nanoseconds: 1, .failed(RequestError(code)))
                }
            }
        }
        for bucket in 0...node.configuration.maxCountedBuckets {
            for kind in RequestKind.allCases {
                for response in [Response.read(Reading()), .failed(RequestError(.internal))] {
                    node.shards[0].bucketMeter?.answered(.bucket("b\(bucket)"), kind, response)
                }
            }
        }
    }
}
