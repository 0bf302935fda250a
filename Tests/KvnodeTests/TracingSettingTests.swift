import Testing
import TraceExport

@testable import kvnode

@Suite struct TracingSettingTests {
    @Test func noTracesUnlessAReceiverIsNamed() throws {
        #expect(try Sources(yaml: "tracing: {protocol: grpc}").configuration().tracing == nil)
    }

    @Test func defaults() throws {
        let tracing = try #require(
            try Sources(yaml: "tracing: {endpoint: 'http://127.0.0.1:4318'}").configuration().tracing)
        let export = tracing.export
        #expect(export.endpoint == TraceEndpoint(isSecure: false, host: "127.0.0.1", port: 4318))
        #expect(export.transport == .http)
        #expect(export.trustRoots == nil && tracing.headersFile == nil)
        #expect(export.maxQueuedSpans == 8_192 && export.maxBatchSpans == 512)
        #expect(export.flushInterval == .seconds(5) && export.timeout == .seconds(10))
        #expect(export.retryTime == .seconds(60))
        #expect(export.backoffMin == .seconds(1) && export.backoffMax == .seconds(30))
    }

    @Test func everythingSet() throws {
        let tracing = try #require(
            try Sources(
                yaml: """
                    tracing:
                      endpoint: "https://jaeger.example"
                      protocol: grpc
                      tls_ca_file: ca.pem
                      headers_file: headers.txt
                      queue_spans: 20
                      batch_spans: 10
                      flush_ms: 11
                      timeout_ms: 12
                      retry_ms: 13
                      backoff_min_ms: 14
                      backoff_max_ms: 15
                    """
            ).configuration().tracing)
        let export = tracing.export
        #expect(export.endpoint == TraceEndpoint(isSecure: true, host: "jaeger.example", port: 443))
        #expect(export.transport == .grpc)
        #expect(export.trustRoots == "ca.pem" && tracing.headersFile == "headers.txt")
        #expect(export.maxQueuedSpans == 20 && export.maxBatchSpans == 10)
        #expect(export.flushInterval == .milliseconds(11) && export.timeout == .milliseconds(12))
        #expect(export.retryTime == .milliseconds(13))
        #expect(export.backoffMin == .milliseconds(14) && export.backoffMax == .milliseconds(15))
    }

    @Test func urlsInParts() {
        let short = TraceEndpoint(url: "http://[::1]/a/b//")
        #expect(short == TraceEndpoint(isSecure: false, host: "::1", port: 80, path: "/a/b"))
        #expect(TraceEndpoint(url: "http://a:1/") == TraceEndpoint(isSecure: false, host: "a", port: 1))
    }

    @Test(arguments: [
        (
            "tracing: {endpoint: 'http://a:1', tls_ca_file: ca.pem}",
            "tracing.tls_ca_file is \"ca.pem\" (file test.yaml:1), but tracing.endpoint is \"http://a:1\" (file test.yaml:1), which is not https"
        ),
        (
            "tracing: {endpoint: 'http://a:1/x', protocol: grpc}",
            "tracing.endpoint is \"http://a:1/x\" (file test.yaml:1), but tracing.protocol is \"grpc\" (file test.yaml:1), which knows no paths"
        ),
        (
            "tracing: {endpoint: 'a:1'}",
            "tracing.endpoint is \"a:1\" (file test.yaml:1), but takes a URL like http://host:port, or https, or nothing"
        ),
        (
            "tracing: {endpoint: 'http://a:1', headers_file: h}",
            "tracing.headers_file is \"h\" (file test.yaml:1), but on the way to tracing.endpoint is \"http://a:1\" (file test.yaml:1) headers can be overheard; use https, or set insecure: true where the network itself keeps strangers out"
        ),
        (
            "tracing: {queue_spans: 10, batch_spans: 11}",
            "tracing.batch_spans is \"11\" (file test.yaml:1), but must be at most tracing.queue_spans is \"10\" (file test.yaml:1)"
        ),
    ])
    func rules(yaml: String, problem: String) throws {
        #expect(try Sources(yaml: yaml).problems() == [problem])
    }

    @Test(arguments: [
        "tracing: {endpoint: 'http://127.0.0.1:1', headers_file: h}",
        "tracing: {endpoint: 'https://a:1', headers_file: h}",
        "tracing: {endpoint: 'http://a:1', headers_file: h}\ninsecure: true",
    ])
    func headersMayTravelWhereNobodyOverhearsThem(yaml: String) throws {
        #expect(try Sources(yaml: yaml).problems().isEmpty)
    }
}
