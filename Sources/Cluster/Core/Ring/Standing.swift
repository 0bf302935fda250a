/// What a node can say of its disk, so that no read relies on what is not there.
public enum Standing: Equatable, Sendable {
    /// The disk was empty, and whether this node ever held anything is not known. With a number drawn for the disk.
    case fresh(disk: UInt64)
    /// The disk may lack what this node acknowledged and voted for: it is new, an earlier copy, or damaged.
    case doubtful
    /// The disk has what this node acknowledged since it was last declared lost, if ever; with the disks that began the
    /// cluster, if it was there then.
    case settled(founders: [UInt64])
}

extension Standing {
    private static let formatVersion: UInt8 = 1

    /// `u8` version · `u8` kind: 0 fresh, 1 doubtful, 2 settled · disk (`u64`), nothing, or a list of `u64`, ascending.
    public func encode(into writer: inout ByteWriter) {
        writer.u8(Self.formatVersion)
        switch self {
        case .fresh(let disk):
            writer.u8(0)
            writer.u64(disk)
        case .doubtful:
            writer.u8(1)
        case .settled(let founders):
            writer.u8(2)
            writer.varint(UInt64(founders.count))
            for disk in founders.sorted() { writer.u64(disk) }
        }
    }

    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> Standing {
        let version = try reader.u8()
        guard version == formatVersion else { throw CodecError(.unknownVersion(version), "standing") }
        switch try reader.u8() {
        case 0: return .fresh(disk: try reader.u64())
        case 1: return .doubtful
        case 2:
            var founders: [UInt64] = []
            for _ in 0..<(try reader.count(minimumSize: 8)) {
                let disk = try reader.u64()
                guard founders.last.map({ $0 < disk }) ?? true else {
                    throw CodecError(.malformed, "founders out of order")
                }
                founders.append(disk)
            }
            return .settled(founders: founders)
        case let kind: throw CodecError(.malformed, "a standing of kind \(kind)")
        }
    }
}

/// Decides how a node that cannot vouch for its disk comes to take part: as a founder of a new cluster, as a member that
/// is lost and catches up, or as a newcomer that holds nothing.
///
/// A cluster begins when its members find each other's disks empty: each notes the disks that it found so, so that a
/// founder who is a moment late knows itself in the others' lists. An empty disk in a cluster that has begun belongs to a
/// member that lost its data, and may have acknowledged anything.
///
/// A value: tell it what is heard, and look at the verdict after each event.
public struct Settlement: Sendable {
    public enum Verdict: Equatable, Sendable {
        /// Not enough is heard.
        case wait
        /// This node can be read from: `Standing.settled`.
        case settle(founders: [UInt64])
        /// This node has to be declared lost, and settles with that: it is read from once it has caught up.
        case declareLost
    }

    private let node: NodeID
    private let standing: Standing
    private var heard: [NodeID: Standing] = [:]
    private var isGraceOver = false

    /// - Parameter standing: Of this node, as it starts.
    public init(_ node: NodeID, _ standing: Standing) {
        self.node = node
        self.standing = standing
    }

    /// A peer has told its standing, and the history that goes with it was merged.
    ///
    /// Who was once heard as fresh has begun with this node, whatever comes later.
    public mutating func heard(_ other: Standing, from peer: NodeID) {
        if case .fresh = heard[peer] { return }
        heard[peer] = other
    }

    /// The time in which members that start together find each other is over: a majority of them will do.
    public mutating func graceElapsed() { isGraceOver = true }

    /// - Parameter history: What this node knows of the layouts, all that it heard merged.
    public func verdict(for history: LayoutHistory) -> Verdict {
        if case .settled(let founders) = standing { return .settle(founders: founders) }
        let members = history.current.members.map(\.id)
        if case .fresh(let disk) = standing {
            for case .settled(let founders) in heard.values where founders.contains(disk) {
                return .settle(founders: founders)
            }
            if members.contains(node), let founders = founders(of: members, with: disk) {
                return .settle(founders: founders)
            }
            if heard.values.allSatisfy(\.isFresh) { return .wait }
        }
        // What it voted for counts no more, whatever it was.
        var withoutVote = history
        let isMember = history.isConcerned(node)
        if isMember { _ = try? withoutVote.declareLost(node, force: true) }
        if members == [node] { return .settle(founders: []) }
        guard withoutVote.isQuorum(Set(heard.keys)) else { return .wait }
        return isMember ? .declareLost : .settle(founders: [])
    }

    /// The disks that begin the cluster, if it can begin: all members' are empty, or those of a majority after the grace.
    private func founders(of members: [NodeID], with disk: UInt64) -> [UInt64]? {
        guard heard.values.allSatisfy(\.isFresh) else { return nil }
        var disks = [disk]
        for member in members where member != node {
            if case .fresh(let other) = heard[member] { disks.append(other) }
        }
        guard disks.count == members.count || isGraceOver && disks.count * 2 > members.count else {
            return nil
        }
        return disks.sorted()
    }
}

extension Standing {
    fileprivate var isFresh: Bool { if case .fresh = self { true } else { false } }
}
