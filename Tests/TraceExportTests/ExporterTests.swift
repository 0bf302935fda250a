import Testing

@testable import TraceExport

/// What the exporter does with the answers that it gets.
@Suite(.timeLimit(.minutes(1))) struct ExporterTests {
    /// Exports to `sender` until `body` returns, and then to the end.
    private func export(
        _ bench: ExporterBench, to sender: ScriptedSender,
        _ body: (inout AsyncStream<[String]>.Iterator) async -> Void
    ) async {
        async let ended: Void = bench.exporter.export(by: sender)
        var requests = sender.requests.makeAsyncIterator()
        await body(&requests)
        bench.exporter.close()
        await ended
    }

    @Test func `spans leave in batches, the oldest first`() async throws {
        let bench = try ExporterBench()
        bench.end(25)
        await export(bench, to: ScriptedSender()) { requests in
            #expect(await requests.next() == (0..<10).map(String.init))
            #expect(await requests.next() == (10..<20).map(String.init))
            #expect(await requests.next() == (20..<25).map(String.init))
        }
        #expect(bench.exported == 25)
        #expect(bench.count("kvnode_trace_exports", "ok") == 3)
        #expect(bench.count("kvnode_trace_queued_spans") == 0)
        #expect(bench.log.lines.isEmpty)
    }

    @Test func `a full batch does not wait for its time`() async throws {
        var configuration = ExporterBench.configuration()
        configuration.flushInterval = .seconds(86_400)
        let bench = try ExporterBench(configuration)
        await export(bench, to: ScriptedSender()) { requests in
            bench.end(10)
            #expect(await requests.next()?.count == 10)
            bench.end(1, from: 10)
            bench.exporter.tracer.forceFlush()
            #expect(await requests.next() == ["10"])
        }
    }

    @Test func `a batch is tried again until it is taken`() async throws {
        let bench = try ExporterBench()
        bench.end(3)
        let down = ExportOutcome.unavailable(reason: "down", retryAfter: nil)
        await export(bench, to: ScriptedSender([down, down])) { requests in
            for _ in 0..<3 { #expect(await requests.next() == ["0", "1", "2"]) }
        }
        #expect(bench.exported == 3)
        #expect(bench.dropped("undelivered") == 0)
        #expect(bench.count("kvnode_trace_exports", "failed") == 2)
        #expect(
            bench.log.lines
                == Array(
                    repeating: "traces can't be exported address=http://127.0.0.1:1 reason=down", count: 2))
    }

    @Test func `a batch whose time is over makes room for the next`() async throws {
        var configuration = ExporterBench.configuration()
        configuration.retryTime = .zero
        let bench = try ExporterBench(configuration)
        bench.end(12)
        await export(bench, to: ScriptedSender([.unavailable(reason: "down", retryAfter: nil)])) { requests in
            #expect(await requests.next()?.count == 10)
            #expect(await requests.next() == ["10", "11"])
        }
        #expect(bench.dropped("undelivered") == 10)
        #expect(bench.exported == 2)
    }

    @Test func `what is refused is not tried again`() async throws {
        let bench = try ExporterBench()
        bench.end(12)
        await export(bench, to: ScriptedSender([.refused(reason: "no")])) { requests in
            #expect(await requests.next()?.count == 10)
            #expect(await requests.next() == ["10", "11"])
        }
        #expect(bench.dropped("refused") == 10)
        #expect(bench.exported == 2)
        #expect(bench.log.lines == ["the receiver of traces refuses spans reason=no spans=10"])
    }

    @Test func `what is taken in part is counted in part`() async throws {
        let bench = try ExporterBench()
        bench.end(5)
        await export(bench, to: ScriptedSender([.taken(rejected: 2, message: "too old")])) { requests in
            #expect(await requests.next()?.count == 5)
        }
        #expect(bench.dropped("refused") == 2)
        #expect(bench.exported == 3)
        #expect(bench.log.lines == ["the receiver of traces has not taken all reason=too old rejected=2"])
    }

    @Test func `more than there is room for is dropped, counted and told`() async throws {
        let bench = try ExporterBench()
        bench.end(103)
        #expect(bench.dropped("queue_full") == 3)
        #expect(bench.count("kvnode_trace_queued_spans") == 100)
        await export(bench, to: ScriptedSender()) { requests in
            for _ in 0..<10 { #expect(await requests.next()?.count == 10) }
        }
        #expect(bench.log.lines == ["spans are dropped: more end than are exported queue_spans=100 spans=3"])
    }

    @Test func `at the end each batch is tried once`() async throws {
        let bench = try ExporterBench()
        bench.end(12)
        bench.exporter.close()
        let down = ExportOutcome.unavailable(reason: "down", retryAfter: .seconds(20))
        await export(bench, to: ScriptedSender([down])) { requests in
            #expect(await requests.next()?.count == 10)
            #expect(await requests.next() == ["10", "11"])
        }
        #expect(bench.dropped("undelivered") == 10)
        #expect(bench.exported == 2)
    }

    @Test func `the end does not wait for a pause to pass`() async throws {
        var configuration = ExporterBench.configuration()
        configuration.retryTime = .seconds(86_400)
        configuration.backoffMin = .seconds(50_000)
        configuration.backoffMax = .seconds(50_000)
        let bench = try ExporterBench(configuration)
        bench.end(1)
        await export(bench, to: ScriptedSender([.unavailable(reason: "down", retryAfter: nil)])) { requests in
            #expect(await requests.next() == ["0"])
        }
        #expect(bench.exported == 1)
    }
}
