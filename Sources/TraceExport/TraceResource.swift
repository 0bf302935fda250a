/// Who tells of the traces: what all spans of this process have in common.
public struct TraceResource: Sendable, Equatable {
    /// The cluster.
    public var namespace: String
    /// The node. No two of a cluster have the same.
    public var instance: String
    /// kvnode's.
    public var version: String

    public init(namespace: String, instance: String, version: String) {
        self.namespace = namespace
        self.instance = instance
        self.version = version
    }

    static let service = "kvnode"

    /// By OpenTelemetry's semantic conventions.
    var attributes: [(String, String)] {
        [
            ("service.name", Self.service), ("service.namespace", namespace),
            ("service.instance.id", instance), ("service.version", version),
        ]
    }
}
