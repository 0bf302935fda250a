import Cluster
import NIOCore
import Testing

@testable import kvnode

/// Which requests are recorded as traces.
@Suite struct SamplingSettingTests {
    @Test func aRatioIsANumberFromNoneToAll() {
        for text in ["0", "1", "0.01", "1e-6", "0.999999"] {
            #expect(Setting.Kind.ratio.parse(text) == .text(text))
        }
        for text in ["", "-0.1", "1.01", "1%", "nan", "inf", "half", " 1"] {
            #expect(Setting.Kind.ratio.parse(text) == nil, "\(text)")
        }
    }

    @Test func theNodeIsToldWhatTheSourcesSay() throws {
        #expect(try Sources().configuration().sampling == TracingSettings())
        let node = try Sources(
            yaml:
                "tracing: {sample_ratio: 0.25, max_per_second: 7, queue_spans: 90, batch_spans: 9, flush_ms: 50}"
        ).configuration()
        let settings = TracingSettings(
            sampleRatio: 0.25, maxPerSecond: 7, maxQueuedSpans: 90, batchSpans: 9,
            batchTime: .milliseconds(50))
        #expect(node.sampling == settings)
        #expect(try node.clusterConfiguration().tracing == node.sampling)
    }

    @Test func whatIsNoRatioIsRefused() throws {
        let problems = try Sources(yaml: "tracing: {sample_ratio: 2}").problems()
        #expect(problems.count == 1)
        #expect(problems[0].contains("tracing.sample_ratio is \"2\""))
        #expect(problems[0].hasSuffix("takes a number from 0 to 1"))
    }
}
