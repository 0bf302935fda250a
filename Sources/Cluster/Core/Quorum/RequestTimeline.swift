/// When a request asked whom, and when each answered: for those that take long.
///
/// A value without an allocation, since every request keeps one. Times come in with the events, in microseconds since the
/// request was taken up.
public struct RequestTimeline: Sendable {
    /// What a node was asked to do.
    public enum Step: UInt8, Sendable {
        case read
        /// Read rows for a listing.
        case list
        /// Take the client's write and commit it, at the coordinator itself.
        case commit
        /// Store what the coordinator has written.
        case store
        /// Keep a hint for a replica, or read one.
        case hint
        /// Coordinate the request.
        case forward

        /// Written out, as a name by reflection takes a microsecond.
        public var name: String {
            switch self {
            case .read: "read"
            case .list: "list"
            case .commit: "commit"
            case .store: "store"
            case .hint: "hint"
            case .forward: "forward"
            }
        }
    }

    public enum Outcome: UInt8, Sendable {
        case pending
        case answered
        case failed
    }

    public struct Entry: Equatable, Sendable {
        public var node: NodeID
        public var step: Step
        public var outcome = Outcome.pending
        /// When it was asked.
        public var asked: UInt32
        /// When it answered or failed; meaningless while it is pending.
        public var ended: UInt32 = 0

        public init(
            node: NodeID, step: Step, outcome: Outcome = .pending, asked: UInt32, ended: UInt32 = 0
        ) {
            self.node = node
            self.step = step
            self.outcome = outcome
            self.asked = asked
            self.ended = ended
        }

        /// How long it took, or has taken by `now`.
        public func duration(at now: UInt32) -> UInt32 {
            let end = outcome == .pending ? now : ended
            return end - min(end, asked)
        }
    }

    /// How many asks are kept: of more, the slowest.
    public static let capacity = 8

    private var kept: InlineArray<8, Entry>
    private var count = 0

    public init() {
        kept = InlineArray(repeating: Entry(node: NodeID(rawValue: 0), step: .read, asked: 0))
    }

    /// In the order in which they were asked, unless there were more than are kept.
    public var entries: [Entry] { (0..<count).map { kept[$0] } }

    /// `node` is asked now.
    public mutating func asked(_ node: NodeID, to step: Step, at time: UInt32) {
        let entry = Entry(node: node, step: step, asked: time)
        if count < Self.capacity {
            kept[count] = entry
            count += 1
        } else if let quickest {
            kept[quickest] = entry
        }
    }

    /// `node` has done, or not done, what it was asked last. What was not asked of it, or has ended, changes nothing.
    public mutating func ended(_ node: NodeID, _ outcome: Outcome, at time: UInt32) {
        for index in stride(from: count - 1, through: 0, by: -1)
        where kept[index].node == node && kept[index].outcome == .pending {
            kept[index].outcome = outcome
            kept[index].ended = time
            return
        }
    }

    /// Which of those that have ended took least; nil if all are pending.
    private var quickest: Int? {
        (0..<count).filter { kept[$0].outcome != .pending }
            .min { kept[$0].duration(at: 0) < kept[$1].duration(at: 0) }
    }
}
