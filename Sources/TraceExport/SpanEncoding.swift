import Cluster
import ClusterCore
import ProtoWire
import Tracing

// Encodes spans as the messages of proto/opentelemetry; the numbers are field numbers. Generated types would cost several times as
// much, and this is most of what a recorded request costs its node.

/// A batch of spans as OTLP's `ExportTraceServiceRequest`.
struct ExportRequest: Sendable {
    /// About what a span takes with the attributes that a node gives it.
    private static let spanBytes = 512

    let bytes: [UInt8]

    /// - Parameter spans: That have ended.
    init(_ spans: [OTLPSpan], of resource: TraceResource) {
        var writer = ProtoWriter()
        writer.reserve(Self.spanBytes * (spans.count + 1))
        writer.message(1) { process in
            process.message(1) { $0.attributes(1, SpanAttributes(resource)) }
            process.message(2) { scope in
                scope.message(1) {
                    $0.string(1, TraceResource.service)
                    $0.string(2, resource.version)
                }
                for span in spans { scope.message(2) { $0.fields(of: span) } }
            }
        }
        bytes = writer.bytes
    }
}

extension ProtoWriter {
    fileprivate mutating func fields(of span: OTLPSpan) {
        let record = span.record
        traceID(1, span.traceContext.traceID)
        spanID(2, span.traceContext.spanID)
        if let parent = span.parentID { spanID(4, parent) }
        string(5, record.name)
        uint(6, span.kind.number)
        fixed64(7, span.start)
        fixed64(8, record.end ?? span.start)
        attributes(9, record.attributes)
        for event in record.events { message(11) { $0.fields(of: event) } }
        uint(12, UInt64(record.droppedEvents))
        for link in record.links {
            // A link to nothing is none.
            guard let target = link.context.traceContext else { continue }
            message(13) { $0.fields(of: link, to: target) }
        }
        uint(14, UInt64(record.droppedLinks))
        if let status = record.status {
            message(15) {
                $0.string(2, status.message ?? "")
                $0.uint(3, status.code == .ok ? 1 : 2)
            }
        }
        fixed32(16, span.traceContext.flags)
    }

    private mutating func fields(of event: SpanEvent) {
        fixed64(1, event.nanosecondsSinceEpoch)
        string(2, event.name)
        attributes(3, event.attributes)
    }

    private mutating func fields(of link: SpanLink, to target: TraceContext) {
        traceID(1, target.traceID)
        spanID(2, target.spanID)
        attributes(4, link.attributes)
        fixed32(6, target.flags)
    }

    // MARK: Attributes

    fileprivate mutating func attributes(_ field: UInt64, _ attributes: SpanAttributes) {
        attributes.forEach { name, attribute in
            message(field) {
                $0.string(1, name)
                $0.message(2) { $0.value(attribute) }
            }
        }
    }

    private mutating func value(_ attribute: SpanAttribute) {
        switch attribute {
        case .string(let text): value(text)
        case .stringConvertible(let text): value(text.description)
        case .bool(let truth): value(truth)
        case .int32(let number): value(Int64(number))
        case .int64(let number): value(number)
        case .double(let number): value(number)
        case .boolArray(let items): list(items) { $0.value($1) }
        case .int32Array(let items): list(items) { $0.value(Int64($1)) }
        case .int64Array(let items): list(items) { $0.value($1) }
        case .doubleArray(let items): list(items) { $0.value($1) }
        case .stringArray(let items): list(items) { $0.value($1) }
        case .stringConvertibleArray(let items): list(items) { $0.value($1.description) }
        default: value("\(attribute)")
        }
    }

    private mutating func value(_ text: String) {
        let isShort = text.utf8.count <= SpanAttribute.maxTextBytes
        // A letter that is cut in two becomes a replacement character.
        stringMember(
            1, isShort ? text : String(decoding: text.utf8.prefix(SpanAttribute.maxTextBytes), as: UTF8.self))
    }

    private mutating func value(_ truth: Bool) { member(2, truth ? 1 : 0) }
    private mutating func value(_ number: Int64) { member(3, UInt64(bitPattern: number)) }
    private mutating func value(_ number: Double) { fixed64Member(4, number.bitPattern) }

    private mutating func list<Item>(_ items: [Item], _ write: (inout ProtoWriter, Item) -> Void) {
        message(5) { list in
            for item in items { list.message(1) { write(&$0, item) } }
        }
    }

    // MARK: Who it is

    private mutating func traceID(_ field: UInt64, _ id: TraceContext.TraceID) {
        header(field, size: 16)
        bigEndian(id.high)
        bigEndian(id.low)
    }

    private mutating func spanID(_ field: UInt64, _ id: UInt64) {
        header(field, size: 8)
        bigEndian(id)
    }
}

extension SpanAttribute {
    /// Bytes of a text that are sent: an error's message may have any length.
    static let maxTextBytes = 4_096
}

extension SpanAttributes {
    fileprivate init(_ resource: TraceResource) {
        self.init()
        for (name, value) in resource.attributes { self[name] = value }
    }
}

extension TraceContext {
    fileprivate var flags: UInt32 { isSampled ? 1 : 0 }
}

extension SpanKind {
    fileprivate var number: UInt64 {
        switch self {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}
