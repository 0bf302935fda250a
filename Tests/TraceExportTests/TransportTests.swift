import GRPCCore
import NIOHTTP1
import SwiftProtobuf
import Synchronization
import Testing

@testable import TraceExport

/// The exporter with real sockets. Whatever never comes fails a test by its limit of time.
@Suite(.timeLimit(.minutes(1))) struct TransportTests {
    /// What a receiver got, in order, for the test to wait for.
    private final class Inbox: Sendable {
        let received: AsyncStream<Received>
        private let arrived: AsyncStream<Received>.Continuation
        private let count = Mutex(0)

        init() { (received, arrived) = AsyncStream.makeStream() }

        /// - Returns: How many came before.
        func add(_ one: Received) -> Int {
            arrived.yield(one)
            return count.withLock { count in
                defer { count += 1 }
                return count
            }
        }
    }

    /// Runs the exporter until `body` returns, and then to its end.
    private func run(_ bench: ExporterBench, _ body: () async throws -> Void) async throws {
        async let ended: Void = bench.exporter.run()
        try await body()
        bench.exporter.close()
        try await ended
    }

    // MARK: HTTP

    @Test func `HTTP: a receiver that is busy at first gets the spans then`() async throws {
        let inbox = Inbox()
        try await HTTPReceiver.with { request in
            inbox.add(request) == 0 ? (.serviceUnavailable, [:], []) : (.ok, [:], [])
        } _: { port in
            let bench = try ExporterBench(ExporterBench.configuration(to: port))
            var requests = inbox.received.makeAsyncIterator()
            // Before it runs: else they might leave one by one.
            bench.end(2)
            try await run(bench) {
                for _ in 0..<2 {
                    let request = await requests.next()
                    #expect(request?.uri == "POST /v1/traces")
                    #expect(request?.headers["content-type"] == "application/x-protobuf")
                    #expect(request?.request.names == ["0", "1"])
                }
            }
            #expect(bench.exported == 2)
            #expect(bench.count("kvnode_trace_exports", "failed") == 1)
            #expect(
                bench.log.lines == [
                    "traces can't be exported address=http://127.0.0.1:\(port) reason=503 Service Unavailable"
                ])
        }
    }

    @Test func `HTTP: headers and a path are used`() async throws {
        let inbox = Inbox()
        try await HTTPReceiver.with { request in
            _ = inbox.add(request)
            return (.ok, [:], [])
        } _: { port in
            var configuration = ExporterBench.configuration(to: port)
            configuration.endpoint.path = "/otlp"
            configuration.headers = try HeadersFile("X-Key: secret").headers()
            let bench = try ExporterBench(configuration)
            var requests = inbox.received.makeAsyncIterator()
            try await run(bench) {
                bench.end(1)
                let request = await requests.next()
                #expect(request?.uri == "POST /otlp/v1/traces")
                #expect(request?.headers["x-key"] == "secret")
            }
        }
    }

    @Test func `HTTP: a receiver that never answers is given up, and keeps nobody from ending`() async throws
    {
        let inbox = Inbox()
        try await HTTPReceiver.with { request in
            _ = inbox.add(request)
            return nil
        } _: { port in
            var configuration = ExporterBench.configuration(to: port)
            configuration.timeout = .milliseconds(50)
            let bench = try ExporterBench(configuration)
            var requests = inbox.received.makeAsyncIterator()
            try await run(bench) {
                bench.end(1)
                // The second attempt shows that the first has ended.
                for _ in 0..<2 { #expect(await requests.next()?.request.names == ["0"]) }
            }
            #expect(bench.exported == 0)
            #expect(bench.dropped("undelivered") == 1)
        }
    }

    @Test func `HTTP: the task's end is the end of a request without an answer`() async throws {
        let inbox = Inbox()
        try await HTTPReceiver.with { request in
            _ = inbox.add(request)
            return nil
        } _: { port in
            let bench = try ExporterBench(ExporterBench.configuration(to: port))
            var requests = inbox.received.makeAsyncIterator()
            bench.end(12)
            let running = Task { try await bench.exporter.run() }
            #expect(await requests.next()?.request.names.count == 10)
            running.cancel()
            try await running.value
            #expect(bench.dropped("undelivered") == 12)
        }
    }

    @Test func `HTTP: a receiver that is not there is tried again`() async throws {
        let port = try DeafPort()
        let bench = try ExporterBench(ExporterBench.configuration(to: port.number))
        bench.end(1)
        bench.exporter.close()
        try await bench.exporter.run()
        #expect(bench.dropped("undelivered") == 1)
        #expect(bench.log.lines.count == 1)
        withExtendedLifetime(port) {}
    }

    // MARK: gRPC

    @Test func `gRPC: a receiver that is busy at first gets the spans then`() async throws {
        let inbox = Inbox()
        try await GRPCReceiver.with { request in
            if inbox.add(request) == 0 { throw RPCError(code: .unavailable, message: "starting") }
            return Answer()
        } _: { port in
            var configuration = ExporterBench.configuration(to: port, .grpc)
            configuration.headers = try HeadersFile("X-Key: secret").headers()
            let bench = try ExporterBench(configuration)
            var requests = inbox.received.makeAsyncIterator()
            // Before it runs: else they might leave one by one.
            bench.end(2)
            try await run(bench) {
                for _ in 0..<2 {
                    let request = await requests.next()
                    #expect(request?.uri == "opentelemetry.proto.collector.trace.v1.TraceService/Export")
                    #expect(request?.headers["x-key"] == "secret")
                    #expect(request?.request.names == ["0", "1"])
                }
            }
            #expect(bench.exported == 2)
            #expect(bench.count("kvnode_trace_exports", "failed") == 1)
        }
    }

    @Test func `gRPC: a part of a batch may be refused`() async throws {
        try await GRPCReceiver.with { request in
            .with {
                $0.partialSuccess.rejectedSpans = Int64(request.request.spans.count - 1)
                $0.partialSuccess.errorMessage = "one is enough"
            }
        } _: { port in
            let bench = try ExporterBench(ExporterBench.configuration(to: port, .grpc))
            bench.end(3)
            bench.exporter.close()
            try await bench.exporter.run()
            #expect(bench.exported == 1)
            #expect(bench.dropped("refused") == 2)
        }
    }

    @Test func `gRPC: a receiver that never answers is given up, and keeps nobody from ending`() async throws
    {
        let inbox = Inbox()
        try await GRPCReceiver.with { request in
            _ = inbox.add(request)
            try await Task.sleep(for: .seconds(86_400))
            return Answer()
        } _: { port in
            var configuration = ExporterBench.configuration(to: port, .grpc)
            configuration.timeout = .milliseconds(50)
            let bench = try ExporterBench(configuration)
            var requests = inbox.received.makeAsyncIterator()
            try await run(bench) {
                bench.end(1)
                for _ in 0..<2 { #expect(await requests.next()?.request.names == ["0"]) }
            }
            #expect(bench.dropped("undelivered") == 1)
        }
    }
}
