import Testing
import Tracing

@testable import TraceExport

@Suite struct SpanQueueTests {
    @Test func `what finds no room is dropped, and counted`() {
        let bench = TracerBench(maxSpans: 5, batchSpans: 3)
        for index in 0..<8 { bench.start("\(index)").end(at: Moment(2)) }
        #expect(bench.queue.count == 5)
        #expect(bench.queue.dropped == 3)
        // The oldest stay.
        #expect(bench.queue.takeBatch().map(\.operationName) == ["0", "1", "2"])
        #expect(bench.queue.takeBatch().map(\.operationName) == ["3", "4"])
        #expect(bench.queue.takeBatch().isEmpty)
        bench.start("8").end(at: Moment(2))
        #expect(bench.queue.takeBatch().map(\.operationName) == ["8"])
        #expect(bench.queue.dropped == 3)
    }

    @Test func `a closed queue takes nothing more`() {
        let bench = TracerBench()
        bench.start().end(at: Moment(2))
        #expect(bench.queue.close() == 1)
        bench.start().end(at: Moment(2))
        #expect(bench.queue.count == 0)
        #expect(bench.queue.dropped == 1)
    }

    @Test func `what finds no room before it comes here counts along`() {
        let bench = TracerBench(maxSpans: 1)
        bench.queue.follow { 7 }
        for _ in 0..<2 { bench.start().end(at: Moment(2)) }
        #expect(bench.queue.count == 1)
        #expect(bench.queue.dropped == 8)
        #expect(bench.queue.close() == 1)
    }

    /// Each of these waits for a day if nobody ends it; the test then fails by its limit of time.
    @Suite(.timeLimit(.minutes(1))) struct PauseTests {
        private let day = Duration.seconds(86_400)

        @Test func `is ended by a full batch`() async {
            let pause = Pause()
            let queue = SpanQueue(maxSpans: 10, batchSpans: 3, pause: pause)
            let tracer = OTLPTracer(queue: queue)
            async let waited: Void = pause.wait(for: day)
            for _ in 0..<3 { tracer.startSpan("x", context: .topLevel, at: Moment(1)).end(at: Moment(2)) }
            await waited
            #expect(queue.close() == 3)
        }

        @Test func `an end that comes before the wait counts for it, and for no other`() async {
            let pause = Pause()
            pause.end()
            await pause.wait(for: day)
            let begin = ContinuousClock.now
            await pause.wait(for: .milliseconds(20))
            #expect(ContinuousClock.now - begin >= .milliseconds(20))
        }

        @Test func `is over for ever when it is closed`() async {
            let pause = Pause()
            pause.close()
            #expect(pause.isClosed)
            await pause.wait(for: day)
            await pause.wait(for: day)
        }

        @Test func `ends with its task`() async {
            let pause = Pause()
            let task = Task { await pause.wait(for: day) }
            task.cancel()
            await task.value
        }
    }
}
