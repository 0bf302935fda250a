import ProtoWire

/// OTLP's `ExportTraceServiceResponse`: what a receiver that has taken a batch says of it.
struct ExportResponse: Sendable, Equatable {
    /// Of the spans, which it has not taken.
    var rejectedSpans: Int64 = 0
    /// Why, or else what it would have otherwise.
    var message = ""

    /// All was taken.
    init() {}

    /// - Throws: `ProtoError` if the bytes are no such message.
    init(_ bytes: [UInt8]) throws {
        self.init()
        try bytes.withUnsafeBytes { bytes in
            var reader = ProtoReader(bytes)
            while let tag = try reader.nextTag() {
                guard tag.field == 1, tag.wire == .lengthDelimited else {
                    try reader.skip(tag.wire)
                    continue
                }
                var part = try reader.message()
                try readPartialSuccess(&part)
            }
        }
    }

    private mutating func readPartialSuccess(_ reader: inout ProtoReader) throws(ProtoError) {
        while let tag = try reader.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .varint): rejectedSpans = Int64(bitPattern: try reader.varint())
            case (2, .lengthDelimited): message = try reader.string()
            default: try reader.skip(tag.wire)
            }
        }
    }
}
