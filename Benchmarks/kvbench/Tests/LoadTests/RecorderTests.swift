import Results
import Testing
import Workloads

@testable import Load

@Suite struct RecorderTests {
    private static let begun: UInt64 = 5_000_000_000
    private var recorder = Recorder(begun: begun)

    private func time(_ seconds: Double) -> UInt64 { Self.begun + UInt64(seconds * 1e9) }

    /// An operation that took so many microseconds.
    private mutating func done(
        _ microseconds: UInt64, kind: OperationKind = .read, at seconds: Double = 0.5, bytes: Int = 0
    ) {
        let now = time(seconds)
        recorder.done(kind, begun: now - microseconds * 1_000, at: now, bytes: bytes)
    }

    /// To three digits, as the histogram has them.
    private func isClose(_ value: Double, _ expected: Double) -> Bool {
        abs(value - expected) <= expected / 1_000
    }

    @Test mutating func `operations, bytes and reads are counted`() {
        done(10, kind: .update, bytes: 116)
        done(10, kind: .insert, bytes: 84)
        done(10)
        for values in [0, 0, 1, 2, 3, 1, 4] { recorder.found(values) }
        recorder.failed("no quorum", at: time(0.6))
        #expect(recorder.operations == 3)
        #expect(recorder.bytesWritten == 200)
        #expect(recorder.absent == 2)
        #expect(recorder.siblings == 3)
        #expect(recorder.errors == ["no quorum": 1])
    }

    @Test mutating func `errors beyond the limit are others, those known go on being counted`() {
        for number in 0..<50 { recorder.failed("error \(number)", at: time(0.1)) }
        for _ in 0..<3 { recorder.failed("error 0", at: time(0.1)) }
        #expect(recorder.errors["error 0"] == 4)
        #expect(recorder.errors["error 19"] == 1)
        #expect(recorder.errors["error 20"] == nil)
        #expect(recorder.errors["others"] == 30)
        #expect(recorder.errors.count == 21)
    }

    @Test mutating func `the timeline has all seconds that are over, empty ones too`() {
        done(1_000, at: 0.2)
        done(1_000, at: 0.99)
        recorder.failed("x", at: time(0.5))
        done(2_000, at: 3.1)
        recorder.failed("x", at: time(3.2))
        recorder.failed("x", at: time(3.3))
        #expect(recorder.timeline.map(\.operations) == [2, 0, 0])
        recorder.close(until: time(5.5))
        #expect(recorder.timeline.map(\.operations) == [2, 0, 0, 1, 0])
        #expect(recorder.timeline.map(\.errors) == [1, 0, 0, 2, 0])
        #expect(isClose(recorder.timeline[0].p99, 1_000))
        #expect(isClose(recorder.timeline[3].p99, 2_000))
        for second in [1, 2, 4] { #expect(recorder.timeline[second].p99 == 0) }
    }

    @Test mutating func `a second ends before the first nanosecond of the next`() {
        recorder.done(.read, begun: Self.begun, at: time(1) - 1, bytes: 0)
        #expect(recorder.timeline.isEmpty)
        recorder.done(.read, begun: Self.begun, at: time(1), bytes: 0)
        recorder.close(until: time(2) - 1)
        #expect(recorder.timeline.map(\.operations) == [1])
        recorder.close(until: time(2))
        #expect(recorder.timeline.map(\.operations) == [1, 1])
    }

    @Test mutating func `percentiles are those of the values`() {
        // In no order.
        for number in 0..<1_000 { done(UInt64(number * 7 % 1_000 + 1) * 100) }
        let latency = recorder.latency
        #expect(latency.count == 1_000)
        #expect(isClose(latency.mean, 50_050))
        #expect(isClose(latency.p50, 50_000))
        #expect(isClose(latency.p95, 95_000))
        #expect(isClose(latency.p99, 99_000))
        #expect(isClose(latency.p999, 99_900))
        #expect(isClose(latency.max, 100_000))
        #expect(latency.curve.first?.percentile == 0)
        #expect(latency.curve.last?.percentile == 100)
        for point in latency.curve where point.percentile > 0 {
            #expect(isClose(point.microseconds, point.percentile * 1_000), "\(point)")
        }
    }

    @Test mutating func `each kind has its own latencies, and all have theirs`() {
        for _ in 0..<3 { done(100, kind: .read) }
        done(900, kind: .scan)
        let latencies = recorder.latencies
        #expect(Set(latencies.keys) == ["read", "scan"])
        #expect(latencies["read"]?.count == 3)
        #expect(isClose(latencies["read"]?.max ?? 0, 100))
        #expect(isClose(latencies["scan"]?.p50 ?? 0, 900))
        #expect(recorder.latency.count == 4)
        #expect(isClose(recorder.latency.max, 900))
    }

    @Test mutating func `what takes longer than ten minutes counts as that`() {
        recorder.done(.read, begun: Self.begun, at: time(4_000), bytes: 0)
        #expect(isClose(recorder.latency.max, 600_000_000))
    }

    @Test func `of nothing there are no latencies`() {
        #expect(recorder.latency.count == 0)
        #expect(recorder.latency.curve.isEmpty)
        #expect(recorder.latencies.isEmpty)
        #expect(recorder.timeline.isEmpty)
    }
}
