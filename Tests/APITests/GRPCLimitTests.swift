import API
import Foundation
import GRPCCore
import Messages
import SwiftProtobuf
import Testing

extension GRPCServerTests {
    @Test("entries that would make a batch's reply too long fail; the others don't")
    func longBatch() async throws {
        let size = 40_000
        try await withServer({ $0.maxMessageBytes = 100_000 }) { client, _, _ in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            for key in ["a", "b", "c"] {
                _ = try await store.put(put(key, String(repeating: "v", count: size)))
            }
            let results = try await store.batchGet(
                .with { $0.entries = [get("a"), get("b"), get("c"), get("none")] }
            ).results
            #expect(results.prefix(3).count { $0.response.siblings.first?.value.count == size } == 2)
            #expect(results.count { $0.error.reason == "overloaded" } == 1)
            #expect(results[3].response == Kvnode_V1_GetResponse())
        }
    }

    @Test("a session's message with too many operations ends it")
    func longSessionMessage() async throws {
        try await withServer({ $0.maxBatchEntries = 3 }) { client, service, _ in
            let store = Kvnode_V1_KeyValue.Client(wrapping: client)
            let error = await #expect(throws: RPCError.self) {
                try await store.session { writer in
                    try await writer.write(.with { $0.operations = Array(repeating: .init(), count: 4) })
                } onResponse: { response in
                    for try await _ in response.messages {}
                }
            }
            #expect(error?.code == .invalidArgument && service.submitted.isEmpty)
        }
    }
}
