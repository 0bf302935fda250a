import Foundation
import Testing

@Suite("HTTP: what clients have asked for")
struct HTTPWorkloadTests {
    private func members(_ client: RawClient) throws -> [String: Any] {
        let reply = try client.call("GET", "/v1/workload")
        #expect(reply.status == 200 && reply.headers["content-type"] == "application/json", "\(reply.text)")
        return try #require(try json(reply) as? [String: Any])
    }

    @Test("counts, sizes by powers of two, and how often keys came, without the keys")
    func report() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let told = try members(client)
            #expect(told["node"] as? String == "node7" && told["sample_every"] as? Int == 1)
            #expect(told["started_ms"] as? UInt64 == FakeService.now && told["uptime_ms"] as? Int == 1_500)
            #expect(
                told["requests"] as? [String: Int] == [
                    "get": 3, "put": 1, "delete": 0, "update": 0, "list": 1,
                ])
            #expect(told["not_found"] as? Int == 1)
            #expect(told["key_bytes"] as? [String: [Int]] == ["counts": [0, 2, 2], "sums": [0, 2, 5]])
            #expect(
                told["value_bytes"] as? [String: [Int]] == ["counts": [0, 0, 0, 1], "sums": [0, 0, 0, 5]])
            let lists = told["list_limits"] as? [String: [Int]]
            #expect(lists?["counts"] == [0, 0, 0, 0, 0, 0, 0, 1] && lists?["sums"]?.last == 100)
            let registers = Data(base64Encoded: try #require(told["key_registers"] as? String))
            #expect(registers?.count == 1_024 && registers?.count { $0 > 0 } == 3)
            let popularity = try #require(told["popularity"] as? [String: Any])
            #expect(popularity["samples"] as? Int == 4)
            #expect(popularity["counters"] as? [[Int]] == [[0, 2, 0], [1, 1, 0], [2, 1, 0]])
        }
    }

    @Test("a node that does not watch requests says so")
    func off() async throws {
        try await withHTTPServer { port, service, _ in
            service.watches = false
            let told = try members(RawClient(port: port))
            #expect(Set(told.keys) == ["node", "started_ms", "uptime_ms", "sample_every"])
            #expect(told["sample_every"] as? Int == 0)
        }
    }

    @Test("it has no parameters, and can't be written")
    func misuse() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            #expect(try client.call("GET", "/v1/workload?since=1").status == 400)
            let refused = try client.call("PUT", "/v1/workload", body: [])
            #expect(refused.status == 405 && refused.headers["allow"] == "GET, HEAD")
            #expect(try client.call("GET", "/v1/workload/keys").status == 404)
        }
    }
}
