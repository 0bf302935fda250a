/// What is thought of a node's life. In the order in which one overrides another within one incarnation.
public enum Liveness: UInt8, Comparable, Sendable, CaseIterable {
    /// It answers.
    case alive
    /// Somebody got no answer; it has time to refute that.
    case suspect
    /// It did not refute in time.
    case down
    /// It has said good-bye.
    case left

    public static func < (a: Liveness, b: Liveness) -> Bool { a.rawValue < b.rawValue }

    /// Whether it takes part: it is probed, and gossip goes to it.
    public var isPresent: Bool { self == .alive || self == .suspect }
}

/// What gossip says of one node: how it describes itself, and whether it lives.
///
/// The records of a node form a total order (`<`); merging takes the greater, so it is commutative, associative and
/// idempotent, and nodes that have heard the same hold the same, whatever the order (a join semilattice: Shapiro et al.,
/// "Conflict-free replicated data types", 2011). The incarnation comes first, then the liveness; the rest only decides
/// between two processes that use one name at once. Only the node itself takes a new incarnation, and its description
/// changes with that alone.
public struct MemberRecord: Equatable, Sendable {
    /// The hash of `name`.
    public let id: NodeID
    public let name: String
    /// `host:port` of the peer gRPC server.
    public var address: String
    public var zone: String
    public var weight: Double
    /// The storage engine's name and kvnode's version, for the operator's eyes.
    public var engine: String
    public var version: String
    /// Drawn anew by each start of the process.
    public let instance: UInt64
    /// The identity of the data directory; 0 if there is none.
    public let disk: UInt64
    /// The first incarnation of this instance: tells which of two was started later.
    public let started: UInt64
    /// The instance of another process that has been heard to use this one's name or disk; 0 if there was none.
    ///
    /// Whoever reads its own instance here knows that the two live at once: nobody can have known it before it started.
    public var rival: UInt64
    public var incarnation: UInt64
    public var liveness: Liveness

    /// Bytes of a record's texts together. So a packet has room for two records.
    public static let maxTextBytes = 400

    /// A node at its start, alive.
    ///
    /// - Parameter incarnation: Greater than all before: milliseconds since 1970.
    public init(
        name: String, address: String, zone: String = "", weight: Double = 1, engine: String = "",
        version: String = "", instance: UInt64, disk: UInt64 = 0, incarnation: UInt64
    ) {
        self.init(
            name: name, address: address, zone: zone, weight: weight, engine: engine, version: version,
            instance: instance, disk: disk, started: incarnation, rival: 0, incarnation: incarnation,
            liveness: .alive)
    }

    init(
        name: String, address: String, zone: String, weight: Double, engine: String, version: String,
        instance: UInt64, disk: UInt64, started: UInt64, rival: UInt64, incarnation: UInt64,
        liveness: Liveness
    ) {
        id = NodeID(name: name)
        self.name = name
        self.address = address
        self.zone = zone
        self.weight = weight
        self.engine = engine
        self.version = version
        self.instance = instance
        self.disk = disk
        self.started = started
        self.rival = rival
        self.incarnation = incarnation
        self.liveness = liveness
    }

    /// Whether it may be sent: it has a name, a weight that a layout can use, and no more text than `maxTextBytes`.
    public var isWellFormed: Bool {
        let texts = [name, address, zone, engine, version]
        return !name.isEmpty && Layout.weights.contains(weight)
            && texts.reduce(0) { $0 + $1.utf8.count } <= Self.maxTextBytes
    }

    /// The same node, otherwise thought of.
    func with(_ liveness: Liveness) -> MemberRecord {
        var record = self
        record.liveness = liveness
        return record
    }

    /// Whether this instance was started after the other, on whichever machine; never both ways.
    func isLaterStarted(than other: MemberRecord) -> Bool {
        (started, instance) > (other.started, other.instance)
    }
}

extension MemberRecord: Comparable {
    public static func < (a: MemberRecord, b: MemberRecord) -> Bool {
        if (a.incarnation, a.liveness) != (b.incarnation, b.liveness) {
            return (a.incarnation, a.liveness) < (b.incarnation, b.liveness)
        }
        return a != b && a.rest.lexicographicallyPrecedes(b.rest)
    }

    /// All but incarnation and liveness, in some order that is the same everywhere.
    private var rest: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.u64(started)
        writer.u64(instance)
        SwimCodec.append(self, to: &writer)
        return writer.bytes
    }

    /// Takes over `other`, a record of the same node, if that is the greater.
    public mutating func merge(_ other: MemberRecord) {
        if self < other { self = other }
    }
}
