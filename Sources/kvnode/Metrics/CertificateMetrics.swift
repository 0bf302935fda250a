import Instruments
import TLS

/// What is told of certificates.
enum CertificateMetrics {
    static let expiry = MetricDefinition(
        "kvnode_certificate_expiry_timestamp_seconds", .gauge, unit: .seconds, labels: ["port"],
        "When the first certificate of the chain in use on the port expires, in seconds since 1970.")

    static let definitions = [expiry]

    /// Has each reading tell of the ports that speak TLS.
    static func collect(_ endpoints: [TLSEndpoint], in registry: MetricRegistry) {
        registry.collect(definitions) { reading in
            for endpoint in endpoints { reading.add(expiry, [endpoint.name], endpoint.expirySeconds) }
        }
    }
}
