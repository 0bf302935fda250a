import Cluster
import ClusterCore
import Foundation
import ProtoWire
import SwiftProtobuf
import Testing
import Tracing

@testable import TraceExport

@Suite struct SpanEncodingTests {
    /// What a receiver reads of it.
    private func sent(_ span: OTLPSpan) throws -> SpanMessage {
        let resource = TraceResource(namespace: "shop", instance: "node1", version: "1.2")
        return try #require(try ExportRequest([span], of: resource).message.spans.first)
    }

    private static let parent = TraceContext(
        traceparent: "00-0123456789abcdeffedcba9876543210-00f067aa0ba902b7-01")!
    private let bench = TracerBench()

    @Test func `a span is told with all it has`() throws {
        let span = bench.start("kvnode.put", parent: Self.parent, kind: .server, at: 1_000)
        span.updateAttributes { attributes in
            attributes["db.system.name"] = "kvnode"
            attributes["kvnode.replicas"] = 3
            attributes["kvnode.hit"] = true
            attributes["kvnode.ratio"] = 0.5
        }
        span.addEvent(SpanEvent(name: "quorum", at: Moment(1_500), attributes: ["answered": 2]))
        span.addLink(SpanLink(context: .child(of: Self.parent), attributes: ["why": "retry"]))
        span.setStatus(SpanStatus(code: .error, message: "too few replicas"))
        span.end(at: Moment(2_000))

        let message = try sent(span)
        let attributes = message.attributes.sorted { $0.key < $1.key }
        #expect(message.traceID.hex == "0123456789abcdeffedcba9876543210")
        #expect(message.spanID.hex == span.traceContext.spanName)
        #expect(message.parentSpanID.hex == "00f067aa0ba902b7")
        #expect(message.flags == 1)
        #expect(message.name == "kvnode.put")
        #expect(message.kind == .server)
        #expect(message.startTimeUnixNano == 1_000)
        #expect(message.endTimeUnixNano == 2_000)
        #expect(
            attributes.map(\.key) == [
                "db.system.name", "kvnode.hit", "kvnode.ratio", "kvnode.replicas",
            ])
        #expect(
            attributes.map(\.value.value)
                == [.stringValue("kvnode"), .boolValue(true), .doubleValue(0.5), .intValue(3)])
        #expect(message.events.map(\.name) == ["quorum"])
        #expect(message.events[0].timeUnixNano == 1_500)
        #expect(message.events[0].attributes[0].value.value == .intValue(2))
        #expect(message.links.map(\.spanID.hex) == ["00f067aa0ba902b7"])
        #expect(message.links[0].traceID.hex == "0123456789abcdeffedcba9876543210")
        #expect(message.status.code == .error)
        #expect(message.status.message == "too few replicas")
    }

    @Test func `what a span lacks is left out`() throws {
        let span = bench.start()
        span.end(at: Moment(2_000))
        let message = try sent(span)
        #expect(message.parentSpanID.isEmpty)
        #expect(!message.hasStatus)
        #expect(message.kind == .internal)
        #expect(message.attributes.isEmpty && message.events.isEmpty && message.links.isEmpty)
    }

    @Test(
        arguments: [
            (SpanKind.server, SpanMessage.SpanKind.server), (.client, .client), (.producer, .producer),
            (.consumer, .consumer), (.internal, .internal),
        ])
    func `each kind has its number`(kind: SpanKind, expected: SpanMessage.SpanKind) throws {
        #expect(try sent(bench.start(kind: kind)).kind == expected)
    }

    @Test func `attributes of each type`() throws {
        struct Named: CustomStringConvertible { let description = "it" }
        let span = bench.start()
        span.attributes = SpanAttributes([
            "a": .int32(-1), "b": .int32Array([1]), "c": .int64Array([2, 3]), "d": .doubleArray([0.5]),
            "e": .boolArray([false]), "f": .stringArray(["x", "y"]), "g": .stringConvertible(Named()),
            "h": .stringConvertibleArray([Named()]),
        ])
        func list(_ items: [ValueMessage.OneOf_Value]) -> ValueMessage.OneOf_Value {
            .arrayValue(.with { $0.values = items.map { item in .with { $0.value = item } } })
        }
        #expect(
            try sent(span).attributes.sorted { $0.key < $1.key }.map(\.value.value) == [
                .intValue(-1), list([.intValue(1)]), list([.intValue(2), .intValue(3)]),
                list([.doubleValue(0.5)]), list([.boolValue(false)]),
                list([.stringValue("x"), .stringValue("y")]), .stringValue("it"), list([.stringValue("it")]),
            ])
    }

    @Test func `a text has a bound`() throws {
        let span = bench.start()
        span.attributes["a"] = String(repeating: "x", count: SpanAttribute.maxTextBytes + 1)
        let value = try sent(span).attributes[0].value.stringValue
        #expect(value == String(repeating: "x", count: SpanAttribute.maxTextBytes))
    }

    @Test func `an error is the event exception`() throws {
        struct Broken: Error, CustomStringConvertible { let description = "it broke" }
        let span = bench.start()
        span.recordError(Broken(), attributes: ["more": 1], at: Moment(7))
        let event = try sent(span).events[0]
        let attributes = event.attributes.sorted { $0.key < $1.key }
        #expect(event.name == "exception")
        #expect(event.timeUnixNano == 7)
        #expect(attributes.map(\.key) == ["exception.message", "exception.type", "more"])
        #expect(attributes[0].value.stringValue == "it broke")
        #expect(attributes[1].value.stringValue.hasSuffix("Broken"))
    }

    @Test func `a request says whose spans they are`() throws {
        let span = bench.start("a")
        span.end(at: Moment(2))
        let resource = TraceResource(namespace: "shop", instance: "node1", version: "1.2")
        let request = try ExportRequest([span], of: resource).message
        let process = try #require(request.resourceSpans.first)
        #expect(
            process.resource.attributes.map { "\($0.key)=\($0.value.stringValue)" }.sorted() == [
                "service.instance.id=node1", "service.name=kvnode", "service.namespace=shop",
                "service.version=1.2",
            ])
        #expect(process.scopeSpans.map(\.scope.name) == ["kvnode"])
        #expect(request.names == ["a"])
        #expect(process.scopeSpans.map(\.scope.version) == ["1.2"])
    }

    @Test(arguments: [0, 127, 128, 16_383, 16_384, 1 << 21])
    func `an embedded message has its size before it`(size: Int) throws {
        var writer = ProtoWriter()
        writer.message(15) { $0.string(2, String(repeating: "x", count: size)) }
        writer.string(5, "after")
        let message = try SpanMessage(serializedBytes: writer.bytes)
        #expect(message.hasStatus && message.status.message.utf8.count == size)
        #expect(message.name == "after")
    }

    @Test func `an answer is read, with what it has besides`() throws {
        let answer = Answer.with {
            $0.partialSuccess.rejectedSpans = 3
            $0.partialSuccess.errorMessage = "too old"
        }
        let known: [UInt8] = try answer.serializedBytes()
        // Field 9, which nobody has yet.
        let response = try ExportResponse(known + [9 << 3 | 2, 1, 7])
        #expect(response.rejectedSpans == 3 && response.message == "too old")
        #expect(try ExportResponse([]) == ExportResponse())
        #expect(throws: ProtoError.self) { try ExportResponse(Array("<html>".utf8)) }
    }
}

extension Data {
    /// Small digits.
    fileprivate var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
