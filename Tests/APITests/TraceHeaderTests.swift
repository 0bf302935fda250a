import API
import ClusterCore
import Foundation
import GRPCCore
import Messages
import SwiftProtobuf
import Testing
import TextAPI

/// The trace that a client says its requests are part of.
private let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

@Suite("HTTP: traceparent")
struct HTTPTraceTests {
    @Test("every request for a key is part of its own header's trace")
    func header() async throws {
        let trace = try #require(TraceContext(traceparent: traceparent))
        try await withHTTPServer { port, service, _ in
            let client = try RawClient(port: port)
            let path = "/v1/buckets/b/keys/k"
            _ = try client.call("PUT", path, ["traceparent": traceparent], body: [1])
            _ = try client.call("GET", path)
            _ = try client.call("GET", path, ["Traceparent": traceparent])
            let change = Array(#"{"add": 1}"#.utf8)
            _ = try client.call("POST", "/v1/buckets/b/data/n", ["traceparent": traceparent], body: change)
            _ = try client.call("GET", "/v1/buckets/b/keys", ["traceparent": traceparent])
            #expect(service.traces == [trace, nil, trace, trace, trace])
        }
    }

    @Test(
        "one that can't be read is passed over", arguments: ["", "00-0af7", "ff" + traceparent.dropFirst(2)])
    func malformed(_ header: String) async throws {
        try await withHTTPServer { port, service, _ in
            let reply = try RawClient(port: port)
                .call("PUT", "/v1/buckets/b/keys/k", ["traceparent": header], body: [1])
            #expect(reply.status == 204)
            #expect(service.traces == [nil])
        }
    }

    @Test("where nobody records, none is read")
    func off() async throws {
        try await withHTTPServer(isTracing: false) { port, service, _ in
            _ = try RawClient(port: port).call("GET", "/v1/buckets/b/keys/k", ["traceparent": traceparent])
            #expect(service.traces == [nil])
        }
    }
}

extension GRPCServerTests {
    @Test("the trace in a call's metadata is that of its requests; a session has none")
    func traceparentOfCalls() async throws {
        let trace = try #require(TraceContext(traceparent: traceparent))
        try await withServer { client, service, _ in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            let metadata: Metadata = ["traceparent": .string(traceparent)]
            _ = try await store.put(put("k", "v"), metadata: metadata)
            _ = try await store.get(get("k"))
            _ = try await store.batchGet(.with { $0.entries = [get("k"), get("l")] }, metadata: metadata)
            _ = try await store.get(get("k"), metadata: ["traceparent": "00-malformed"])
            #expect(service.traces == [trace, nil, trace, trace, nil])
            try await store.session(metadata: metadata) { writer in
                try await writer.write(
                    .with {
                        $0.operations = [
                            .with {
                                $0.id = 1
                                $0.get = get("k")
                            }
                        ]
                    })
            } onResponse: { response in
                for try await _ in response.messages {}
            }
            #expect(service.traces.count == 6 && service.traces.last == .some(nil))
        }
    }

    @Test("where nobody records, the metadata is not read")
    func traceparentOff() async throws {
        try await withServer { client, service, _ in
            service.isTracing = false
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            _ = try await store.get(get("k"), metadata: ["traceparent": .string(traceparent)])
            #expect(service.traces == [nil])
        }
    }
}
