/// What either end of a peer stream says first, so that nodes which must not talk find out before any data flows.
public struct PeerHello: Equatable, Sendable {
    /// `PeerCodec.protocolVersion` of the sender; a receiver refuses the versions that it doesn't speak.
    public var protocolVersion: UInt16
    /// The cluster's name; a receiver refuses another's.
    public var cluster: String
    public var nodeName: String
    /// Of the cluster's first layout, as this node is configured; 0 for one that joins.
    public var layoutVersion: UInt64
    /// `Layout.digest`: equal versions with unequal digests are a misconfiguration.
    public var layoutDigest: UInt64
    /// The longest batch that the sender accepts.
    public var maxBatchBytes: UInt32
    /// The engine's name and kvnode's version, for the operator's eyes.
    public var engine: String
    public var softwareVersion: String
    /// Where the sender serves Redis's protocol, at the host of its address; 0 if it doesn't.
    public var respPort: UInt16

    public init(
        protocolVersion: UInt16 = PeerCodec.protocolVersion, cluster: String, nodeName: String,
        layoutVersion: UInt64 = 0, layoutDigest: UInt64 = 0, maxBatchBytes: UInt32 = 4 << 20,
        engine: String = "", softwareVersion: String = "", respPort: UInt16 = 0
    ) {
        self.protocolVersion = protocolVersion
        self.cluster = cluster
        self.nodeName = nodeName
        self.layoutVersion = layoutVersion
        self.layoutDigest = layoutDigest
        self.maxBatchBytes = maxBatchBytes
        self.engine = engine
        self.softwareVersion = softwareVersion
        self.respPort = respPort
    }

    /// The version of this encoding, which is not the protocol's: a hello of another protocol still decodes, so that
    /// it can be refused by name.
    private static let formatVersion: UInt8 = 2
    /// Tells a peer from whatever else may connect to the port.
    private static let magic: UInt32 = 0x6b76_6e64  // "kvnd"

    /// Layout in docs/formats.md.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.u32(Self.magic)
        writer.u8(Self.formatVersion)
        writer.u16(protocolVersion)
        writer.string(cluster)
        writer.string(nodeName)
        writer.u64(layoutVersion)
        writer.u64(layoutDigest)
        writer.u32(maxBatchBytes)
        writer.string(engine)
        writer.string(softwareVersion)
        writer.u16(respPort)
        return writer.bytes
    }

    /// - Throws: `CodecError`: `malformed` if it isn't a hello, `unknownVersion` if its encoding is a later one.
    public static func decode(_ bytes: [UInt8]) throws(CodecError) -> PeerHello {
        var reader = ByteReader(bytes)
        guard try reader.u32() == magic else { throw CodecError(.malformed, "not a kvnode peer's hello") }
        let version = try reader.u8()
        guard version == formatVersion else { throw CodecError(.unknownVersion(version), "hello") }
        let hello = PeerHello(
            protocolVersion: try reader.u16(), cluster: try reader.string(), nodeName: try reader.string(),
            layoutVersion: try reader.u64(), layoutDigest: try reader.u64(),
            maxBatchBytes: try reader.u32(), engine: try reader.string(),
            softwareVersion: try reader.string(), respPort: try reader.u16())
        try reader.expectEnd()
        return hello
    }
}
