import Cluster
import ClusterCore
import Testing
import Tracing

@testable import TraceExport

@Suite struct TracerTests {
    private let bench = TracerBench()
    private static let parent = TraceContext(
        traceparent: "00-0123456789abcdeffedcba9876543210-00f067aa0ba902b7-01")!

    @Test func `a span without a parent begins a trace that is recorded`() throws {
        let span = bench.start()
        #expect(span.parentID == nil)
        let context = try #require(span.context.traceContext)
        #expect(context.isSampled)
        #expect(context == span.traceContext)
    }

    @Test func `a span of a trace has its parent's trace and an id of its own`() throws {
        let span = bench.start(parent: Self.parent)
        #expect(span.parentID == Self.parent.spanID)
        let context = try #require(span.context.traceContext)
        #expect(context.traceID == Self.parent.traceID)
        #expect(context.spanID != Self.parent.spanID)
        let child = bench.start(parent: context)
        #expect(child.parentID == context.spanID)
        #expect(child.traceContext.traceID == Self.parent.traceID)
    }

    @Test func `no two spans have the same id`() {
        let spans = (0..<10_000).map { _ in bench.start().traceContext }
        #expect(Set(spans.map(\.spanID)).count == spans.count)
        #expect(Set(spans.map(\.traceID)).count == spans.count)
        // Both halves are drawn.
        #expect(Set(spans.map(\.traceID.high)).count == spans.count)
    }

    @Test func `a span of which others were told is what they were told, and those below it are not`() throws
    {
        for parent in [nil, Self.parent] {
            var told = Self.parent
            if parent == nil { told.traceID = try #require(TraceContext.TraceID(high: 1, low: 2)) }
            told = try #require(TraceContext(traceID: told.traceID, spanID: 7, isSampled: true))
            var context = ServiceContext.child(of: parent)
            context.presetTraceContext = told
            let span = bench.tracer.startSpan("x", context: context, at: Moment(1))
            #expect(span.traceContext == told && span.context.traceContext == told)
            #expect(span.parentID == parent?.spanID)
            let below = bench.tracer.startSpan("y", context: span.context, at: Moment(1))
            #expect(below.parentID == 7 && below.traceContext.spanID != 7)
        }
    }

    @Test func `only what is sampled is queued, and once`() {
        let span = bench.start()
        #expect(span.isRecording)
        span.end(at: Moment(5))
        span.end(at: Moment(6))
        #expect(!span.isRecording)
        #expect(bench.queue.count == 1)
        #expect(span.record.end == 5)

        var unsampled = Self.parent
        unsampled.isSampled = false
        let silent = bench.start(parent: unsampled)
        #expect(silent.context.traceContext?.isSampled == false)
        silent.end(at: Moment(5))
        #expect(bench.queue.count == 1)
    }

    @Test func `an ended span does not change`() {
        let span = bench.start("before")
        span.attributes["a"] = 1
        span.end(at: Moment(5))
        span.operationName = "after"
        span.attributes["b"] = 2
        span.setStatus(SpanStatus(code: .error))
        span.addEvent("late")
        #expect(span.operationName == "before")
        #expect(span.attributes.count == 1)
        #expect(span.record.status == nil)
        #expect(span.record.events.isEmpty)
    }

    @Test func `events and links have a bound`() {
        let span = bench.start()
        for _ in 0..<(OTLPSpan.maxItems + 3) {
            span.addEvent("again")
            span.addLink(SpanLink(context: .child(of: Self.parent), attributes: [:]))
        }
        #expect(span.record.events.count == OTLPSpan.maxItems)
        #expect(span.record.droppedEvents == 3)
        #expect(span.record.links.count == OTLPSpan.maxItems)
        #expect(span.record.droppedLinks == 3)
    }

    @Test func `traceparent is read and written`() {
        struct Headers: Extractor, Injector {
            func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
            func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
                carrier[key] = value
            }
        }
        var context = ServiceContext.topLevel
        bench.tracer.extract(["traceparent": Self.parent.traceparent], into: &context, using: Headers())
        #expect(context.traceContext == Self.parent)
        var headers: [String: String] = [:]
        bench.tracer.inject(context, into: &headers, using: Headers())
        #expect(headers == ["traceparent": Self.parent.traceparent])

        var none = ServiceContext.topLevel
        bench.tracer.extract(["traceparent": "00-nonsense"], into: &none, using: Headers())
        #expect(none.traceContext == nil)
        bench.tracer.inject(none, into: &headers, using: Headers())
        #expect(headers.count == 1)
    }
}
