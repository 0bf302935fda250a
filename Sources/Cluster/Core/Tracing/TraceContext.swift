/// Which trace a piece of work belongs to, which span of it asked for the work, and whether the trace is recorded: what goes along
/// with a request from client to node and from node to node.
///
/// As in W3C Trace Context, Level 1 (the header `traceparent`).
public struct TraceContext: Hashable, Sendable {
    /// 16 bytes, as two halves in network order. Never all zero.
    public struct TraceID: Hashable, Sendable {
        public var high: UInt64
        public var low: UInt64

        /// - Returns: nil if both are 0, which stands for no trace.
        public init?(high: UInt64, low: UInt64) {
            guard high | low != 0 else { return nil }
            self.high = high
            self.low = low
        }
    }

    public var traceID: TraceID
    /// Of the span that asked. Never 0.
    public let spanID: UInt64
    /// Whether whoever began the trace has it recorded.
    public var isSampled: Bool

    /// - Returns: nil if `spanID` is 0, which stands for no span.
    public init?(traceID: TraceID, spanID: UInt64, isSampled: Bool) {
        guard spanID != 0 else { return nil }
        self.init(traceID: traceID, nonzeroSpanID: spanID, isSampled: isSampled)
    }

    init(traceID: TraceID, nonzeroSpanID: UInt64, isSampled: Bool) {
        self.traceID = traceID
        spanID = nonzeroSpanID
        self.isSampled = isSampled
    }
}

/// The header `traceparent`: `00-` trace `-` span `-` flags, in small hexadecimal digits.
extension TraceContext {
    private static let length = 55

    /// - Parameter traceparent: The header's value. One of a later version may be longer; what follows is passed over.
    /// - Returns: nil if it is none, in which case a trace has to be begun anew.
    public init?(traceparent: some StringProtocol) {
        let text = Array(traceparent.utf8)
        guard text.count >= Self.length, let version = Self.number(text[0..<2]), version != 0xff,
            version == 0
                ? text.count == Self.length : text.count == Self.length || text[Self.length] == Self.dash,
            text[2] == Self.dash, text[35] == Self.dash, text[52] == Self.dash,
            let high = Self.number(text[3..<19]), let low = Self.number(text[19..<35]),
            let span = Self.number(text[36..<52]), let flags = Self.number(text[53..<55]),
            let traceID = TraceID(high: high, low: low)
        else { return nil }
        self.init(traceID: traceID, spanID: span, isSampled: flags & 1 != 0)
    }

    public var traceparent: String { "00-\(traceID)-\(Self.hexadecimal(spanID))-\(isSampled ? "01" : "00")" }

    /// 16 digits, as logs and exemplars have it.
    public var spanName: String { Self.hexadecimal(spanID) }

    private static let dash = UInt8(ascii: "-")

    /// - Returns: nil if some of it is no digit, or a capital one.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                number = number << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                number = number << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }

    fileprivate static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

extension TraceContext.TraceID: CustomStringConvertible {
    /// 32 digits.
    public var description: String { TraceContext.hexadecimal(high) + TraceContext.hexadecimal(low) }
}
