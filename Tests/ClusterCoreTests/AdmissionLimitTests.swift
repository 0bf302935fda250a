import ClusterCore
import Testing

/// A node that ends requests one after the other, each after the ones before it: a queue with a rate.
private struct Queue {
    var limit: AdmissionLimit
    /// Requests a millisecond.
    var rate: Int
    var now: UInt64 = 0
    var begun: [UInt64] = []
    var refused = 0
    var waits: [UInt64] = []

    init(most: Int = 10_000, least: Int = 16, rate: Int) {
        limit = AdmissionLimit(.init(most: most, least: least, target: 500 * 1_000_000), now: 0)
        self.rate = rate
    }

    /// A millisecond in which so many requests arrive.
    mutating func millisecond(arriving: Int) {
        now += 1_000_000
        for _ in 0..<arriving {
            if begun.count < limit.current { begun.append(now) } else { refused += 1 }
        }
        for _ in 0..<min(rate, begun.count) {
            let begin = begun.removeFirst()
            waits.append(now - begin)
            limit.ended(begun: begin, now: now)
        }
        limit.advance(now: now, underWay: begun.count)
    }
}

@Suite("Admission limit")
struct AdmissionLimitTests {
    @Test("A node that keeps up refuses nothing")
    func underCapacity() {
        var queue = Queue(rate: 10)
        for _ in 0..<5_000 { queue.millisecond(arriving: 9) }
        #expect(queue.refused == 0 && queue.limit.current == 10_000)
    }

    @Test("A burst on an idle node is served")
    func burst() {
        var queue = Queue(rate: 10)
        for _ in 0..<1_000 { queue.millisecond(arriving: 0) }
        queue.millisecond(arriving: 4_000)
        for _ in 0..<1_000 { queue.millisecond(arriving: 0) }
        #expect(queue.refused == 0 && queue.waits.count == 4_000)
    }

    @Test(
        "Past capacity as many are served as without, and what is accepted waits no longer than about the target",
        arguments: [1, 4, 15])
    func overload(rate: Int) {
        var queue = Queue(rate: rate)
        for _ in 0..<20_000 { queue.millisecond(arriving: 4 * rate) }
        #expect(queue.waits.count == 20_000 * rate)
        // After the limit was found.
        let late = queue.waits.dropFirst(queue.waits.count / 2)
        #expect(late.max()! <= 800 * 1_000_000, "\(late.max()! / 1_000_000) ms")
        #expect(queue.limit.current >= rate * 300, "the queue must not run dry")
    }

    @Test("The limit rises again when the load is gone, within seconds")
    func recovery() {
        var queue = Queue(rate: 1)
        for _ in 0..<10_000 { queue.millisecond(arriving: 10) }
        #expect(queue.limit.current < 1_000)
        queue.rate = 20
        for _ in 0..<8_000 { queue.millisecond(arriving: 5) }
        #expect(queue.limit.current == 10_000)
    }

    @Test("Some slow requests among quick ones change nothing")
    func someSlow() {
        var limit = AdmissionLimit(.init(most: 100, least: 1, target: 1_000_000), now: 0)
        for interval in 1...50 as ClosedRange<UInt64> {
            let now = interval * 100_000_000
            for slow in 0..<20 as Range<UInt64> { limit.ended(begun: now - 50_000_000 - slow, now: now) }
            limit.ended(begun: now - 1_000_000, now: now)
            limit.advance(now: now, underWay: 90)
        }
        #expect(limit.current == 100)
    }

    @Test("It never falls below what always may be under way, nor rises above what never may")
    func bounds() {
        var queue = Queue(most: 300, least: 50, rate: 1)
        queue.rate = 0
        for _ in 0..<2_000 { queue.millisecond(arriving: 1) }
        queue.rate = 1
        for millisecond in 0..<20_000 {
            queue.rate = millisecond % 50 == 0 ? 1 : 0
            queue.millisecond(arriving: 5)
            #expect((50...300).contains(queue.limit.current))
        }
        #expect(queue.limit.current == 50)
    }
}
