import ClusterCore
import Testing

@Suite struct TraceContextTests {
    private let example = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func aHeaderIsReadAndWritten() throws {
        let context = try #require(TraceContext(traceparent: example))
        #expect(context.traceID.high == 0x0af7_6519_16cd_43dd)
        #expect(context.traceID.low == 0x8448_eb21_1c80_319c)
        #expect(context.spanID == 0xb7ad_6b71_6920_3331)
        #expect(context.isSampled)
        #expect(context.traceparent == example)
        #expect("\(context.traceID)" == "0af7651916cd43dd8448eb211c80319c")
        #expect(context.spanName == "b7ad6b7169203331")
    }

    @Test func leadingZeroesStay() throws {
        let header = "00-00000000000000000000000000000001-0000000000000002-00"
        let context = try #require(TraceContext(traceparent: header))
        #expect(!context.isSampled)
        #expect(context.traceparent == header)
    }

    /// A flag that is not known says nothing, and isn't passed on.
    @Test(arguments: [("03", true), ("ff", true), ("02", false)]) func onlyOneFlagIsKnown(
        _ flags: String, isSampled: Bool
    ) throws {
        let context = try #require(TraceContext(traceparent: example.dropLast(2) + flags))
        #expect(context.isSampled == isSampled)
        #expect(context.traceparent.suffix(2) == (isSampled ? "01" : "00"))
    }

    @Test func aLaterVersionIsReadAsFarAsItIsKnown() {
        let rest = example.dropFirst(2)
        #expect(TraceContext(traceparent: "cc" + rest)?.traceparent == example)
        #expect(TraceContext(traceparent: "cc" + rest + "-what-may-be")?.traceparent == example)
        #expect(TraceContext(traceparent: "cc" + rest + ".what") == nil)
        #expect(TraceContext(traceparent: "ff" + rest) == nil)
        #expect(TraceContext(traceparent: example + "-more") == nil)
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ä",
    ]) func whatIsNoHeaderIsNoContext(_ text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }
}
