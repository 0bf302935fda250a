import ClusterCore
import Engine
import NIOCore

/// What a node needs to know to take its part in a cluster.
public struct ClusterConfiguration: Sendable {
    /// Nodes with another name are never talked to.
    public var clusterName: String
    /// This node's name in `layout`.
    public var nodeName: String
    /// The first layout of the cluster, the same on every node that was there when it began; `Layout.unknown` on one that
    /// joins. A node that has stored a later one goes by that.
    public var layout: Layout
    /// The properties of buckets that have none of their own.
    public var bucketDefaults: BucketProperties
    /// What an acknowledged write survives on each replica.
    public var durability: Durability
    /// The time a request has when it names none.
    public var defaultTimeout: TimeAmount
    /// The longest time a request may ask for.
    public var maxTimeout: TimeAmount
    /// Requests that one event loop coordinates at a time; more are refused as `overloaded`.
    public var maxInFlightPerLoop: Int
    /// So many it coordinates however long they take.
    public var minInFlightPerLoop = 1_000
    /// Fewer are admitted while even the quickest takes longer.
    public var maxWait = TimeAmount.seconds(2)
    /// Bytes of values to be written, of the requests that one event loop coordinates; more are refused as `overloaded`. One
    /// request may have more by itself.
    public var maxInFlightBytesPerLoop = 256 << 20
    /// Bytes of a value.
    public var maxValueSize: Int
    /// Bytes that all siblings of a key may take together; a put that would exceed it is refused. Replicas send each
    /// other a key's whole state, so twice this, for siblings from two sides of a partition, must fit a peer's message.
    public var maxStateSize: Int
    /// How many replicas a read asks at first.
    public var readFanout: ReadFanout
    /// How long a read with fan-out `quorum` waits before it asks one replica more.
    public var hedgeDelay: TimeAmount
    /// How changes of the layout are carried out.
    public var layouts: LayoutConfiguration
    /// How hints are kept and handed back.
    public var handoff: HandoffConfiguration
    /// How nodes find out who is there and who lives.
    public var gossip: GossipConfiguration
    /// How replicas are compared.
    public var antiEntropy: AntiEntropyConfiguration
    /// How what is deleted or has expired is removed.
    public var reaping: ReapingConfiguration
    /// Where this node serves Redis's protocol, at the host of its address, for the others to tell clients; 0 if it doesn't.
    public var respPort: UInt16 = 0
    /// One of how many requests of clients is a sample for how often each key is asked for; 0: they are not watched at all.
    public var workloadSampleEvery = 64
    /// Buckets whose requests are counted by name; 0: none are, and nobody is told of any.
    public var maxCountedBuckets = 10
    /// How far another node's clock may be ahead before its timestamps are no longer followed.
    public var maxClockDrift: TimeAmount
    /// How long the log does not repeat what goes on.
    public var logRepeatInterval = TimeAmount.minutes(1)
    /// Which requests are told in the log, since they took long; nil for none.
    public var slowRequests: SlowRequestSettings?
    /// Which requests are recorded as traces, where there is a tracer.
    public var tracing = TracingSettings()

    public init(
        clusterName: String, nodeName: String, layout: Layout, bucketDefaults: BucketProperties,
        durability: Durability = .buffered, defaultTimeout: TimeAmount = .seconds(5),
        maxTimeout: TimeAmount = .seconds(60), maxInFlightPerLoop: Int = 10_000,
        maxValueSize: Int = 8 << 20, maxStateSize: Int = 32 << 20, readFanout: ReadFanout = .all,
        hedgeDelay: TimeAmount = .milliseconds(20), layouts: LayoutConfiguration = LayoutConfiguration(),
        handoff: HandoffConfiguration = HandoffConfiguration(),
        antiEntropy: AntiEntropyConfiguration = AntiEntropyConfiguration(),
        reaping: ReapingConfiguration = ReapingConfiguration(),
        gossip: GossipConfiguration? = nil,
        maxClockDrift: TimeAmount = .seconds(60)
    ) {
        self.clusterName = clusterName
        self.nodeName = nodeName
        self.layout = layout
        self.bucketDefaults = bucketDefaults
        self.durability = durability
        self.defaultTimeout = defaultTimeout
        self.maxTimeout = maxTimeout
        self.maxInFlightPerLoop = maxInFlightPerLoop
        self.maxValueSize = maxValueSize
        self.maxStateSize = maxStateSize
        self.readFanout = readFanout
        self.hedgeDelay = hedgeDelay
        self.layouts = layouts
        self.handoff = handoff
        self.antiEntropy = antiEntropy
        self.reaping = reaping
        let address = layout.member(NodeID(name: nodeName))?.address
        self.gossip = gossip ?? GossipConfiguration(address: address ?? "")
        self.maxClockDrift = maxClockDrift
    }
}

/// How a node takes part in changes of the layout.
public struct LayoutConfiguration: Sendable {
    /// How partitions are copied to this node.
    public var fill: PartitionFill.Limits
    /// How often a request that met a replica of another layout is begun anew, within its deadline.
    public var maxRetries: Int
    /// The pause before it is, and before a layout that the disk refused is stored again.
    public var retryPause: TimeAmount
    /// How often the peers are told the layout though it has not changed.
    public var newsInterval: TimeAmount
    /// How long members with empty disks wait to find all others so, before a majority of them begins the cluster.
    public var foundingGrace: TimeAmount
    /// A member commits by itself what has been staged and unchanged for so long while no change is open; nil: never.
    public var autoCommitDelay: TimeAmount?

    public init(
        fill: PartitionFill.Limits = PartitionFill.Limits(), maxRetries: Int = 10,
        retryPause: TimeAmount = .milliseconds(50), newsInterval: TimeAmount = .seconds(1),
        foundingGrace: TimeAmount = .seconds(1), autoCommitDelay: TimeAmount? = nil
    ) {
        self.fill = fill
        self.maxRetries = maxRetries
        self.retryPause = retryPause
        self.newsInterval = newsInterval
        self.foundingGrace = foundingGrace
        self.autoCommitDelay = autoCommitDelay
    }
}
