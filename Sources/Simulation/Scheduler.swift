import ClusterCore
import HeapModule

/// What belongs to one run of a node, from its start to its stop or crash: what is scheduled for it ends with it.
final class Life: @unchecked Sendable {
    // @unchecked: a simulation runs on one thread.

    fileprivate(set) var hasEnded = false

    func end() { hasEnded = true }
}

/// The simulated time, and what is to happen in it: everything in one thread, in an order that the seed decides.
final class Scheduler: @unchecked Sendable {
    // @unchecked: a simulation runs on one thread.

    private struct Event: Comparable {
        var time: UInt64
        /// Events of the same time happen in the order in which they were scheduled.
        var sequence: UInt64
        var life: Life?
        var body: () -> Void
        var dropped: () -> Void

        static func < (a: Event, b: Event) -> Bool { (a.time, a.sequence) < (b.time, b.sequence) }
        static func == (a: Event, b: Event) -> Bool { a.sequence == b.sequence }
    }

    /// Nanoseconds since the simulation began.
    private(set) var now: UInt64 = 0
    /// All chance of the simulation comes from here.
    var random: SplitMix64
    private var events = Heap<Event>()
    private var nextSequence: UInt64 = 0

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// Has `body` done `delay` nanoseconds from now, or `dropped` if `life` has ended by then or the simulation has.
    func after(
        _ delay: UInt64, life: Life? = nil, dropped: @escaping () -> Void = {}, _ body: @escaping () -> Void
    ) {
        events.insert(
            Event(time: now + delay, sequence: nextSequence, life: life, body: body, dropped: dropped))
        nextSequence += 1
    }

    /// Ends the simulation: nothing more happens.
    func end() {
        while let event = events.popMin() { event.dropped() }
    }

    /// Lets time pass up to `end`, or until `condition` holds, which is looked at every 10 ms: it may cost more than what
    /// happens.
    ///
    /// - Returns: Whether `condition` holds.
    @discardableResult
    func run(until end: UInt64, or condition: () -> Bool = { false }) -> Bool {
        while !condition() {
            let pause = min(now + .milliseconds(10), end)
            while let next = events.min, next.time <= pause {
                events.removeMin()
                now = next.time
                if next.life?.hasEnded == true { next.dropped() } else { next.body() }
            }
            now = pause
            if now == end { return condition() }
        }
        return true
    }

    /// A number of nanoseconds within `range` of microseconds, the short ones more often: the tail of real delays is long.
    func delay(micros range: ClosedRange<UInt64>) -> UInt64 {
        let span = Double(range.upperBound - range.lowerBound)
        let unit = Double(random.next() >> 11) / Double(UInt64(1) << 53)
        return (range.lowerBound + UInt64(span * unit * unit * unit)) * 1_000
    }

    func happens(_ probability: Double) -> Bool {
        Double(random.next() >> 11) / Double(UInt64(1) << 53) < probability
    }

    func number(below bound: Int) -> Int { random.next(below: bound) }
}

extension UInt64 {
    static func milliseconds(_ count: UInt64) -> UInt64 { count * 1_000_000 }
    static func seconds(_ count: UInt64) -> UInt64 { count * 1_000_000_000 }
}
