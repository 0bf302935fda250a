import ClusterCore
import Foundation
import Testing

@Suite("HTTP: keys")
struct HTTPKeyTests {
    private let path = "/v1/buckets/b/keys/k"

    @Test("a value comes back with its content type, a tag and a context")
    func roundTrip() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let put = try client.call("PUT", path, ["content-type": "text/plain"], body: Array("hello".utf8))
            #expect(put.status == 204)
            let get = try client.call("GET", path)
            #expect(get.status == 200)
            #expect(get.text == "hello")
            #expect(get.headers["content-type"] == "text/plain")
            #expect(get.headers["x-kvnode-context"] == put.headers["x-kvnode-context"])
            #expect(get.headers["etag"] == "\"\(put.headers["x-kvnode-context"]!)\"")
            #expect(get.headers["date"]?.hasSuffix(" GMT") == true)
            let head = try client.call("HEAD", path)
            #expect(head.status == 200 && head.headers["content-length"] == "5")
            #expect(
                try client.call("GET", path).text == "hello", "the connection is still in step after a HEAD")
        }
    }

    @Test("a key may be any bytes, an empty value is a value")
    func binaryKeys() async throws {
        try await withHTTPServer { port, service, _ in
            let client = try RawClient(port: port)
            #expect(try client.call("PUT", "/v1/buckets/%C3%A4/keys/%00%ff/x%2Fy", body: []).status == 204)
            guard case .put(let put) = service.submitted.last else { throw RawClient.Closed() }
            #expect(put.bucket == "ä" && put.key == [0, 0xff] + Array("/x/y".utf8))
            let get = try client.call("GET", "/v1/buckets/%c3%a4/keys/%00%FF%2fx/y")
            #expect(get.status == 200 && get.body.isEmpty)
        }
    }

    @Test("concurrent values: 300 as JSON or multipart; a put with the context leaves one")
    func siblings() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            for value in ["one", "two"] {
                #expect(
                    try client.call("PUT", path, ["content-type": "text/x"], body: Array(value.utf8)).status
                        == 204)
            }
            let both = try client.call("GET", path)
            #expect(both.status == 300)
            let list = try #require(try json(both) as? [[String: Any]])
            #expect(list.map { $0["value"] as? String } == ["b25l", "dHdv"])
            #expect(list.map { $0["dot"] as? String } == ["0000000000000007:1", "0000000000000007:2"])
            #expect(list.map { $0["timestamp"] as? Int } == [1_001, 1_002])
            #expect(list.allSatisfy { $0["content_type"] as? String == "text/x" })

            let parts = try client.call("GET", path, ["accept": "multipart/mixed"])
            #expect(parts.status == 300)
            let boundary = try #require(
                parts.headers["content-type"]?.components(separatedBy: "boundary=").last)
            let sections = parts.text.components(separatedBy: "--" + boundary)
            #expect(sections.count == 4 && sections[3] == "--\r\n")
            #expect(sections[1].hasSuffix("\r\n\r\none\r\n") && sections[2].hasSuffix("\r\n\r\ntwo\r\n"))

            let merged = try client.call(
                "PUT", path + "?return=siblings", ["x-kvnode-context": both.headers["x-kvnode-context"]!],
                body: Array("three".utf8))
            #expect(merged.status == 200 && merged.text == "three")
            #expect(try client.call("GET", path).text == "three")
        }
    }

    @Test("a deleted key is absent, with a context; one never written has none")
    func deletion() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let never = try client.call("GET", path)
            #expect(never.status == 404 && never.headers["x-kvnode-context"] == nil)
            #expect(try problem(never)["type"] as? String == "urn:kvnode:problem:not-found")
            let put = try client.call("PUT", path, body: [1])
            let delete = try client.call(
                "DELETE", path, ["x-kvnode-context": put.headers["x-kvnode-context"]!])
            #expect(delete.status == 204)
            let gone = try client.call("GET", path)
            #expect(
                gone.status == 404 && gone.headers["x-kvnode-context"] == delete.headers["x-kvnode-context"])
        }
    }

    @Test("conditions: If-Match, If-None-Match")
    func conditions() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let first = try client.call("PUT", path, ["if-none-match": "*"], body: [1])
            #expect(first.status == 204)
            let taken = try client.call("PUT", path, ["if-none-match": "*"], body: [2])
            #expect(taken.status == 412)
            #expect(try problem(taken)["type"] as? String == "urn:kvnode:problem:precondition-failed")
            let tag = first.headers["etag"]!
            #expect(try client.call("GET", path, ["if-none-match": tag]).status == 304)
            #expect(try client.call("GET", path, ["if-none-match": "\"x\", W/\(tag)"]).status == 304)
            #expect(try client.call("GET", path, ["if-none-match": "\"x\""]).status == 200)
            #expect(try client.call("GET", path, ["if-match": tag]).status == 200)
            #expect(try client.call("GET", path, ["if-match": "\"x\""]).status == 412)
            #expect(try client.call("PUT", path, ["if-match": tag], body: [3]).status == 204)
            let after = try client.call("GET", path)
            #expect(after.status == 200 && after.body == [3], "If-Match is the context too")
            #expect(try client.call("PUT", path, ["if-match": tag], body: [4]).status == 412)
            #expect(try client.call("DELETE", path, ["if-match": tag]).status == 412)
            #expect(try client.call("DELETE", path, ["if-match": after.headers["etag"]!]).status == 204)
        }
    }

    @Test("parameters reach the store")
    func parameters() async throws {
        try await withHTTPServer { port, service, _ in
            let client = try RawClient(port: port)
            _ = try client.call("PUT", path + "?n=3&w=1&timeout=2s&ttl=5m", body: [1])
            _ = try client.call("GET", path + "?r=3&timeout=250")
            guard case .put(let put) = service.submitted[0], case .get(let get) = service.submitted[1] else {
                throw RawClient.Closed()
            }
            #expect(put.quorum == QuorumOverrides(n: 3, w: 1))
            #expect(put.timeoutMillis == 2_000 && put.expiry == .after(milliseconds: 300_000))
            #expect(get.quorum == QuorumOverrides(r: 3) && get.timeoutMillis == 250)
        }
    }

    @Test("the store's errors have their status, and say how many replicas answered")
    func failures() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let expected: [(RequestError.Code, Int)] = [
                (.invalidArgument, 400), (.preconditionFailed, 412), (.quorumNotReached, 503),
                (.deadlineExceeded, 504), (.overloaded, 429), (.shuttingDown, 503), (.noSpace, 507),
                (.internal, 500),
            ]
            for (code, status) in expected {
                let reply = try client.call("GET", "/v1/buckets/b/keys/fail-\(code.rawValue)")
                #expect(reply.status == status)
                let members = try problem(reply)
                #expect(members["replicas_answered"] as? Int == 1 && members["replicas_needed"] as? Int == 2)
            }
        }
    }

    @Test("pages of keys")
    func listing() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            for key in ["a1", "a2", "b1", "a%ff"] {
                #expect(try client.call("PUT", "/v1/buckets/l/keys/\(key)", body: [1]).status == 204)
            }
            let first = try #require(
                try json(client.call("GET", "/v1/buckets/l/keys?prefix=a&limit=2")) as? [String: Any])
            #expect(first["keys"] as? [[String: String]] == [["key": "a1"], ["key": "a2"]])
            let cursor = try #require(first["cursor"] as? String)
            let second = try #require(
                try json(client.call("GET", "/v1/buckets/l/keys?prefix=a&limit=2&cursor=\(cursor)"))
                    as? [String: Any])
            #expect(second["keys"] as? [[String: String]] == [["key_base64": "Yf8="]])
            #expect(second["cursor"] is NSNull)
        }
    }

    @Test("properties of a bucket")
    func properties() async throws {
        try await withHTTPServer { port, service, _ in
            let client = try RawClient(port: port)
            let path = "/v1/buckets/p/properties"
            let before = try #require(try json(client.call("GET", path)) as? [String: Any])
            #expect(before["n"] as? Int == 3 && before["conflict"] as? String == "siblings")
            let set = try client.call(
                "PUT", path,
                body: Array(#"{"conflict":"last-write-wins","quorum":"sloppy","w":3,"ttl":60}"#.utf8))
            #expect(set.status == 200)
            #expect(
                service.properties(ofBucket: "p")
                    == BucketProperties(
                        n: 3, r: 2, w: 3, policy: .lastWriteWins, quorum: .sloppy, ttlSeconds: 60))
            for (body, named) in [
                (#"{"nn":3}"#, "\"nn\""), (#"{"n":"3"}"#, "\"n\""), (#"{"conflict":"x"}"#, "\"conflict\""),
                (#"{"r":9}"#, "r must be"), ("[]", "JSON object"), ("{", "JSON object"),
                (#"{"n":true}"#, "\"n\""),
            ] {
                let reply = try client.call("PUT", path, body: Array(body.utf8))
                #expect(reply.status == 400, "\(body)")
                #expect((try problem(reply)["detail"] as? String)?.contains(named) == true, "\(body)")
            }
        }
    }
}
