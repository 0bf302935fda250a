import Cluster
import Instruments
import Observability
import TraceExport
import Transport

/// All metrics that a node may come to tell, whichever engine it runs, in the order in which they are told.
enum MetricCatalog {
    static let metrics: [MetricDefinition] =
        [NodeMetrics.build] + ClusterNode.metrics + GRPCPeerTransport.metrics + ConnectionMetrics.definitions
        + AccessMetrics.definitions + CertificateMetrics.definitions + BackupFigures.definitions
        + EngineMetrics.definitions
        + EngineFigures.definitions
        + DiskMetrics.definitions + TraceExporter.metrics
        + [NodeMetrics.failures, SwiftMetricsBackend.dropped] + ProcessStatistics.definitions
}
