import ClusterCore
import Foundation
import Testing

@Suite("HTTP: counters, sets and maps")
struct HTTPDataTests {
    private func post(
        _ client: RawClient, _ path: String, _ body: String
    ) throws -> RawClient.Reply {
        try client.call("POST", path, body: Array(body.utf8))
    }

    private func members(_ reply: RawClient.Reply) throws -> [String: Any] {
        #expect(reply.status == 200 && reply.headers["content-type"] == "application/json", "\(reply.text)")
        return try #require(try json(reply) as? [String: Any])
    }

    @Test("a counter adds up, in whole numbers and in decimal ones, and is a value as well")
    func counters() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let path = "/v1/buckets/b/data/n"
            #expect(try members(post(client, path, #"{"add": 5}"#))["number"] as? String == "5")
            #expect(try members(post(client, path, #"{"add": -7}"#))["number"] as? String == "-2")
            #expect(try members(post(client, path, #"{"add": "0.5"}"#))["number"] as? String == "-1.5")
            let shown = try members(client.call("GET", path))
            #expect(shown["type"] as? String == "string" && shown["values"] as? [String] == ["-1.5"])
            #expect(try client.call("GET", "/v1/buckets/b/keys/n").text == "-1.5")
            let refused = try post(client, path, #"{"add": 1}"#)
            #expect(refused.status == 409)
            #expect(try problem(refused)["type"] as? String == "urn:kvnode:problem:not-a-number")
        }
    }

    @Test("a set, in text and in base64")
    func sets() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let path = "/v1/buckets/b/data/s"
            #expect(try client.call("GET", path).status == 404)
            #expect(
                try members(post(client, path, #"{"add_members": ["b", "a", "b"]}"#))["count"] as? Int == 2)
            #expect(try members(post(client, path, #"{"remove_members": ["b", "x"]}"#))["count"] as? Int == 1)
            #expect(try members(client.call("GET", path))["members"] as? [String] == ["a"])
            _ = try post(client, path + "?encoding=base64", #"{"add_members": ["/w=="]}"#)
            #expect(try client.call("GET", path).status == 409, "not all of it is text")
            let shown = try members(client.call("GET", path + "?encoding=base64"))
            #expect(shown["type"] as? String == "set" && shown["members"] as? [String] == ["YQ==", "/w=="])
            let wrong = try client.call("GET", "/v1/buckets/b/keys/s")
            #expect(wrong.status == 409)
            #expect(try problem(wrong)["type"] as? String == "urn:kvnode:problem:wrong-type")
            #expect(try post(client, path, #"{"add": 1}"#).status == 409)
        }
    }

    @Test("a map, and its end")
    func maps() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let path = "/v1/buckets/b/data/m"
            #expect(
                try members(post(client, path, #"{"set_fields": {"f": "1", "g": "2"}}"#))["count"] as? Int
                    == 2)
            #expect(
                try members(post(client, path, #"{"set_field_if_absent": {"f": "9"}}"#))["count"] as? Int == 0
            )
            #expect(
                try members(post(client, path, #"{"add_to_field": {"f": 4}}"#))["number"] as? String == "5")
            #expect(try members(post(client, path, #"{"remove_fields": ["g"]}"#))["count"] as? Int == 1)
            #expect(try members(post(client, path, #"{"expire_after_ms": 5000}"#))["count"] as? Int == 1)
            var shown = try members(client.call("GET", path))
            #expect(shown["type"] as? String == "map" && shown["fields"] as? [String: String] == ["f": "5"])
            #expect((shown["expires"] as? UInt64 ?? 0) >= FakeService.now + 5_000)
            _ = try post(client, path, #"{"persist": true}"#)
            shown = try members(client.call("GET", path))
            #expect(shown["expires"] == nil)
        }
    }

    @Test("a delete with the context that was shown takes all of it away")
    func deletes() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let path = "/v1/buckets/b/data/s"
            _ = try post(client, path, #"{"add_members": ["a", "b"]}"#)
            let context = try #require(try client.call("GET", path).headers["x-kvnode-context"])
            let deleted = try client.call("DELETE", "/v1/buckets/b/keys/s", ["x-kvnode-context": context])
            #expect(deleted.status == 204)
            #expect(try client.call("GET", path).status == 404)
        }
    }

    @Test(
        "what is no change is refused, with what there can be",
        arguments: [
            "", "[]", "{}", #"{"add": 1, "persist": true}"#, #"{"added": 1}"#, #"{"add": 1.5}"#,
            #"{"add": "x"}"#,
            #"{"add_members": "a"}"#, #"{"set_fields": ["a"]}"#,
            #"{"set_field_if_absent": {"a": "1", "b": "2"}}"#,
            #"{"add_to_field": {}}"#, #"{"persist": false}"#, #"{"expire_at_ms": -1}"#, #"{"add": null}"#,
        ])
    func wrongChanges(body: String) async throws {
        try await withHTTPServer { port, service, _ in
            let client = try RawClient(port: port)
            let reply = try post(client, "/v1/buckets/b/data/k", body)
            #expect(reply.status == 400, "\(reply.text)")
            #expect(try problem(reply)["detail"] as? String != "")
            #expect(service.submitted.isEmpty)
        }
    }

    @Test("parameters are checked")
    func parameters() async throws {
        try await withHTTPServer { port, service, _ in
            let client = try RawClient(port: port)
            #expect(try client.call("GET", "/v1/buckets/b/data/k?encoding=hex").status == 400)
            #expect(try client.call("GET", "/v1/buckets/b/data/k?w=1").status == 400)
            #expect(
                try post(client, "/v1/buckets/b/data/k?encoding=base64", #"{"add_members": ["?"]}"#).status
                    == 400)
            #expect(try client.call("PUT", "/v1/buckets/b/data/k", body: []).status == 405)
            #expect(try client.call("GET", "/v1/buckets/b/data").status == 404)
            #expect(
                try post(client, "/v1/buckets/b/data/k?n=3&r=1&w=3&timeout=1s", #"{"add": 1}"#).status == 200)
            guard case .update(let update) = service.submitted.last else { throw RawClient.Closed() }
            #expect(update.quorum == QuorumOverrides(n: 3, r: 1, w: 3) && update.timeoutMillis == 1_000)
        }
    }
}
