/// A sampled trace's context on the wire: 24 bytes, docs/formats.md has them.
enum TraceCodec {
    static func append(_ context: TraceContext, to writer: inout ByteWriter) {
        writer.u64(context.traceID.high)
        writer.u64(context.traceID.low)
        writer.u64(context.spanID)
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> TraceContext {
        let (high, low, span) = (try reader.u64(), try reader.u64(), try reader.u64())
        guard let traceID = TraceContext.TraceID(high: high, low: low),
            let context = TraceContext(traceID: traceID, spanID: span, isSampled: true)
        else { throw CodecError(.malformed, "a trace without a name") }
        return context
    }
}
