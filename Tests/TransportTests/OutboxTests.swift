import Cluster
import Logging
import Testing

@testable import Transport

@Suite("Outbox")
struct OutboxTests {
    private func makeOutbox(maxQueuedBytes: Int = 100, batchLimit: Int = 10) -> Outbox {
        let outbox = Outbox(maxQueuedBytes: maxQueuedBytes, logger: Logger(label: "test"))
        outbox.begin()
        #expect(outbox.open(batchLimit: batchLimit))
        return outbox
    }

    @Test("Batches are joined up to the limit, in order")
    func joining() async {
        let outbox = makeOutbox()
        for batch: [UInt8] in [[1, 2, 3], [4, 5, 6, 7], [8, 9, 10], [11], [], [12]] {
            #expect(outbox.send(batch) == .accepted)
        }
        #expect(await outbox.next() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        #expect(await outbox.next() == [11, 12])
    }

    @Test("The queue is bounded by bytes, and has room again once emptied")
    func bound() async {
        let outbox = makeOutbox(maxQueuedBytes: 20)
        #expect(outbox.send(Array(repeating: 0, count: 11)) == .full)
        for _ in 0..<2 { #expect(outbox.send(Array(repeating: 0, count: 10)) == .accepted) }
        #expect(outbox.send([1]) == .full)
        _ = await outbox.next()
        #expect(outbox.send([1]) == .accepted)
    }

    @Test("Takes nothing before it is open, after it is finished, or when closed")
    func phases() async {
        let outbox = Outbox(maxQueuedBytes: 100, logger: Logger(label: "test"))
        #expect(outbox.send([1]) == .notConnected)
        outbox.begin()
        #expect(outbox.send([1]) == .notConnected)
        #expect(outbox.open(batchLimit: 10))
        #expect(outbox.send([1]) == .accepted)
        // Twice: whoever stops a stream that is already ending must not cut it.
        #expect(outbox.finish() && outbox.finish())
        #expect(outbox.send([2]) == .notConnected)
        #expect(await outbox.next() == [1])
        #expect(await outbox.next() == nil)
        outbox.close()
        #expect(await outbox.next() == nil)
    }

    @Test("Closing drops what is queued, and the next stream starts empty")
    func closing() async {
        let outbox = makeOutbox()
        #expect(outbox.send([1]) == .accepted)
        outbox.close()
        #expect(await outbox.next() == nil)
        outbox.begin()
        #expect(outbox.open(batchLimit: 10))
        #expect(outbox.send([2]) == .accepted)
        #expect(await outbox.next() == [2])
    }

    @Test("A stream that was stopped while it was set up does not open")
    func stoppedWhileOpening() async {
        let outbox = Outbox(maxQueuedBytes: 100, logger: Logger(label: "test"))
        outbox.begin()
        #expect(!outbox.finish())
        #expect(!outbox.open(batchLimit: 10))
        #expect(await outbox.next() == nil)
    }

    @Test("A waiting writer is woken by a batch, by the finish and by the close")
    func waking() async {
        for wake: @Sendable (Outbox) -> Void in [{ _ = $0.send([7]) }, { $0.finish() }, { $0.close() }] {
            let outbox = makeOutbox()
            async let next = outbox.next()
            wake(outbox)
            let batch = await next
            #expect(batch == [7] || batch == nil)
        }
    }
}

@Suite("Backoff")
struct BackoffTests {
    @Test("Doubles from the first delay to the longest, within the jitter")
    func growth() {
        let backoff = Backoff(initial: .milliseconds(50), max: .seconds(5), jitter: 0.2)
        var random = SystemRandomNumberGenerator()
        let expected = [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]
        for (index, milliseconds) in expected.enumerated() {
            for _ in 0..<100 {
                let delay = backoff.delay(afterFailures: index + 1, using: &random)
                #expect(
                    delay >= .milliseconds(milliseconds) * 0.799
                        && delay <= .milliseconds(milliseconds) * 1.201)
            }
        }
        #expect(backoff.delay(afterFailures: 1_000_000, using: &random) <= .seconds(6))
    }
}
