import ClusterCore
import Engine

/// What a node remembers of itself between runs, in the engine's `meta` keyspace (docs/formats.md).
public struct NodeState: Sendable {
    /// Under which identity this node issues dots.
    var actor: UInt64
    /// Dots up to this counter may have been issued.
    var reservedCounter: UInt64
    var buckets: BucketTable
    var history: LayoutHistory
    var standing: Standing
    /// The books of the hints that the engine holds.
    var hints: HintLedger
    /// The hash trees of a clean stop, with all that was ever written; empty after any other.
    var trees: [HashTree] = []
    /// What was seen of each partition.
    var clocks: [Int: PartitionClock] = [:]

    enum Key {
        static let identity = Array("identity".utf8)
        static let counter = Array("counter".utf8)
        static let session = Array("session".utf8)
        static let buckets = Array("buckets".utf8)
        static let layout = Array("layout".utf8)
        static let fill = Array("fill".utf8)
        static let standing = Array("standing".utf8)
        static let trees = Array("trees".utf8)
    }

    /// Reads what the last run left, decides whether its actor may go on issuing dots, and marks the run as begun.
    ///
    /// A dot must never be issued twice, and a replica that lost some of its own writes would claim, by the compact
    /// form of the version vector, to have seen them. So the actor is replaced unless everything that it had committed
    /// is still there: after a clean stop, after commits that were all synced, or after a crash of the process alone.
    /// A copy of the data, such as a restored backup, is an earlier state, however it was stopped; and so is what an
    /// engine opened that had to drop part of a damaged log.
    ///
    /// Blocks on the disk: called on the engine's writer thread, before anything else is written.
    ///
    /// - Throws: `StartError` if the data belongs to another node, cluster or layout; `EngineError`; `CodecError`.
    public static func begin(
        _ engine: any StorageEngine, configuration: ClusterConfiguration, environment: Environment
    ) throws -> NodeState {
        let stored = Stored(
            identity: try engine.get(.meta, Key.identity), session: try engine.get(.meta, Key.session),
            counter: try engine.get(.meta, Key.counter), buckets: try engine.get(.meta, Key.buckets),
            layout: try engine.get(.meta, Key.layout), standing: try engine.get(.meta, Key.standing))
        var state = NodeState(
            actor: environment.randomIdentifier(), reservedCounter: 0, buckets: BucketTable(),
            history: LayoutHistory(configuration.layout),
            standing: .fresh(disk: environment.randomIdentifier()),
            hints: try engine.hintLedger(limits: configuration.handoff.limits))
        if let bytes = stored.buckets {
            var reader = ByteReader(bytes)
            state.buckets = try BucketTable.decode(&reader)
        }
        if let bytes = stored.identity {
            let identity = try NodeIdentity(bytes)
            try identity.check(against: configuration)
            let session = try stored.session.map(NodeSession.init)
            state.standing = try stored.standing(
                hasForgotten: engine.hasLostWrites || session?.dataID != environment.dataID)
            if !engine.hasLostWrites, session?.keptEverything(environment) == true {
                state.actor = identity.actor
                // What cannot be read is built anew.
                if session?.clean == true {
                    state.trees = (try? state.storedTrees(engine, configuration)) ?? []
                }
            }
        }
        if let bytes = stored.counter {
            var reader = ByteReader(bytes)
            state.reservedCounter = try reader.u64()
        }
        if let bytes = stored.layout {
            state.history = try LayoutHistory.decode(bytes)
            guard state.history.current.divides(as: configuration.layout) else {
                throw StartError(
                    "cluster.partitions or cluster.replication is not the cluster's, which this node has stored"
                )
            }
        }
        // What the engine had to drop may be anything that a clock claims.
        if engine.hasLostWrites { try StoredClocks.forget(in: engine) }
        state.clocks = try engine.partitionClocks()
        var batch = WriteBatch()
        batch.put(.meta, Key.identity, NodeIdentity(configuration, actor: state.actor).encoded())
        let session = NodeSession(
            clean: false, synced: configuration.durability == .synced, bootID: environment.bootID,
            dataID: environment.dataID)
        batch.put(.meta, Key.session, session.encoded())
        batch.put(.meta, Key.standing, state.standing.encoded)
        try engine.write(batch, durability: .synced)
        return state
    }

    /// The members of the latest layout that an engine knows; none in a new directory.
    ///
    /// Blocks on the disk. Throws `EngineError`, or `CodecError` if what is stored cannot be decoded.
    public static func storedMembers(_ engine: any StorageEngine) throws -> [Member] {
        guard let bytes = try engine.get(.meta, Key.layout) else { return [] }
        return try LayoutHistory.decode(bytes).latest.members
    }

    private func storedTrees(
        _ engine: any StorageEngine, _ configuration: ClusterConfiguration
    ) throws(EngineError) -> [HashTree] {
        try StoredTrees.load(
            from: engine, partitionCount: configuration.layout.partitionCount,
            sizes: BucketSizeTable(buckets, defaults: configuration.bucketDefaults))
    }

    /// Marks the run as ended with nothing lost. Called as `begin` is; nothing may be written afterwards.
    static func end(
        _ engine: any StorageEngine, environment: Environment, trees: StoredTrees
    ) throws(EngineError) {
        try StoredTrees.forget(in: engine)
        // Without them the next run builds its own; that must not make this end one that has lost something.
        try? trees.store(in: engine)
        try engine.sync()
        var batch = WriteBatch()
        let session = NodeSession(
            clean: true, synced: true, bootID: environment.bootID, dataID: environment.dataID)
        batch.put(.meta, Key.session, session.encoded())
        try engine.write(batch, durability: .synced)
    }

    private struct Stored {
        var identity: [UInt8]?
        var session: [UInt8]?
        var counter: [UInt8]?
        var buckets: [UInt8]?
        var layout: [UInt8]?
        var standing: [UInt8]?

        /// What this node can say of its disk now, which is not that of a new node.
        func standing(hasForgotten: Bool) throws(CodecError) -> Standing {
            guard let standing else { return .doubtful }
            var reader = ByteReader(standing)
            let known = try Standing.decode(&reader)
            if case .settled = known, hasForgotten { return .doubtful }
            return known
        }
    }
}

/// Whose data a directory holds.
struct NodeIdentity {
    private static let version: UInt8 = 1

    var cluster: String
    var node: String
    var actor: UInt64
    var layoutVersion: UInt64
    var layoutDigest: UInt64

    init(_ configuration: ClusterConfiguration, actor: UInt64) {
        cluster = configuration.clusterName
        node = configuration.nodeName
        self.actor = actor
        layoutVersion = configuration.layout.version
        layoutDigest = configuration.layout.digest
    }

    init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        try reader.version(NodeIdentity.version)
        cluster = try reader.string()
        node = try reader.string()
        actor = try reader.u64()
        layoutVersion = try reader.u64()
        layoutDigest = try reader.u64()
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.u8(NodeIdentity.version)
        writer.string(cluster)
        writer.string(node)
        writer.u64(actor)
        writer.u64(layoutVersion)
        writer.u64(layoutDigest)
        return writer.bytes
    }

    func check(against configuration: ClusterConfiguration) throws(StartError) {
        guard cluster == configuration.clusterName else {
            throw StartError(
                "the data directory belongs to cluster \"\(cluster)\", not to \"\(configuration.clusterName)\""
            )
        }
        guard node == configuration.nodeName else {
            throw StartError(
                "the data directory belongs to node \"\(node)\", not to \"\(configuration.nodeName)\"")
        }
        // Whoever joined has no part in how the cluster began.
        let begins = layoutVersion > 0 && configuration.layout.version > 0
        guard !begins || layoutDigest == configuration.layout.digest else {
            throw StartError(
                """
                cluster.members, cluster.partitions or cluster.replication differ from those with which the cluster \
                began; leave them as they were, and change the members of a running cluster with kvnode cluster
                """)
        }
    }
}

/// How a run ended, and what its commits survive.
struct NodeSession {
    private static let version: UInt8 = 1

    var clean: Bool
    var synced: Bool
    var bootID: String
    var dataID: String

    init(clean: Bool, synced: Bool, bootID: String, dataID: String) {
        self.clean = clean
        self.synced = synced
        self.bootID = bootID
        self.dataID = dataID
    }

    init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        try reader.version(NodeSession.version)
        clean = try reader.bool()
        synced = try reader.bool()
        bootID = try reader.string()
        dataID = try reader.string()
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.u8(NodeSession.version)
        writer.u8(clean ? 1 : 0)
        writer.u8(synced ? 1 : 0)
        writer.string(bootID)
        writer.string(dataID)
        return writer.bytes
    }

    /// Whether every commit of that run is still there. Within one boot, a crash of the process loses nothing.
    func keptEverything(_ environment: Environment) -> Bool {
        dataID == environment.dataID && (clean || synced || bootID == environment.bootID)
    }
}

/// Why a node refuses to start on the data it found.
public struct StartError: Error, Equatable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}

extension ByteReader {
    /// Reads a format's leading version and refuses any other than `known`.
    mutating func version(_ known: UInt8) throws(CodecError) {
        let found = try u8()
        guard found == known else {
            throw CodecError(.unknownVersion(found), "this release knows version \(known)")
        }
    }
}

extension Standing {
    var isSettled: Bool { if case .settled = self { true } else { false } }

    var encoded: [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.bytes
    }
}
