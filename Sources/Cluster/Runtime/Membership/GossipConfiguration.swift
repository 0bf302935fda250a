import ClusterCore

/// How a node takes part in the gossip of who is there and who lives.
public struct GossipConfiguration: Sendable {
    /// The times and bounds of the protocol.
    public var settings: SwimSettings
    /// Where the others find this node's peer server, `host:port`.
    public var address: String
    /// This node's engine and kvnode's version, for the operator's eyes.
    public var engine: String
    public var softwareVersion: String

    public init(
        address: String, engine: String = "", softwareVersion: String = "",
        settings: SwimSettings = SwimSettings()
    ) {
        self.address = address
        self.engine = engine
        self.softwareVersion = softwareVersion
        self.settings = settings
    }
}
