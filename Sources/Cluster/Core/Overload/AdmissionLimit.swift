/// How many requests may be under way at a time so that none of them waits long: what arrives past that is refused at once,
/// which costs next to nothing, instead of in vain after its deadline, which costs as much as serving it.
///
/// How many that are depends on how fast the node, its disk and its peers are just now. So the limit follows what requests
/// take: as long as even the quickest of an interval takes longer than a target, what they wait for is each other, and the
/// limit falls in proportion (as many as end in the target's time, by Little's law); else it rises again. The quickest, since
/// a single slow replica or disk makes some requests slow and not all (Nichols and Jacobson, "Controlling queue delay",
/// ACM Queue 2012, judge a queue by its least delay for the same reason). A burst on an idle node is not refused: nothing took long
/// before it.
public struct AdmissionLimit: Sendable {
    /// Times are in nanoseconds.
    public struct Settings: Sendable {
        /// Never more than this are under way ...
        public var most: Int
        /// ... and so many always may be.
        public var least: Int
        /// What the quickest request may take.
        public var target: UInt64
        /// How often the limit is judged anew.
        public var interval: UInt64

        public init(most: Int, least: Int, target: UInt64, interval: UInt64 = 100_000_000) {
            self.most = most
            self.least = min(least, most)
            self.target = target
            self.interval = interval
        }
    }

    /// Requests that may be under way.
    public private(set) var current: Int

    private let settings: Settings
    private var intervalEnd: UInt64
    /// In this interval.
    private var quickest: UInt64?
    private var mostUnderWay = 0
    /// Requests that began before the limit last changed say nothing of how it is now.
    private var changedAt: UInt64

    public init(_ settings: Settings, now: UInt64) {
        self.settings = settings
        current = settings.most
        intervalEnd = now + settings.interval
        changedAt = now
    }

    /// A request that was admitted has ended. A sample of them is enough.
    public mutating func ended(begun: UInt64, now: UInt64) {
        guard begun >= changedAt else { return }
        quickest = min(quickest ?? .max, now - begun)
    }

    /// Judges the interval if it is over; to be called several times in each.
    ///
    /// - Parameter underWay: Requests that are under way now.
    public mutating func advance(now: UInt64, underWay: Int) {
        mostUnderWay = max(mostUnderWay, underWay)
        guard now >= intervalEnd else { return }
        if let quickest, quickest > settings.target {
            let fitting = Double(min(current, mostUnderWay)) * Double(settings.target) / Double(quickest)
            change(to: max(settings.least, Int(fitting)), now)
        } else if quickest != nil || underWay == 0 {
            // Not if nothing ended: that may be waiting for what began before the last change.
            change(to: min(settings.most, current + current / 8 + 1), now)
        }
        quickest = nil
        mostUnderWay = underWay
        intervalEnd = now + settings.interval
    }

    private mutating func change(to limit: Int, _ now: UInt64) {
        if limit != current { changedAt = now }
        current = limit
    }
}
