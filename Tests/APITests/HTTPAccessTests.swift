import Access
import Foundation
import Testing

@testable import TextAPI

@Suite("HTTP: rights")
struct HTTPAccessTests {
    private func headers(_ authorization: String?) -> [String: String] {
        authorization.map { ["Authorization": $0] } ?? [:]
    }

    private static func basic(_ pair: String) -> String {
        "Basic " + Data(pair.utf8).base64EncodedString()
    }

    @Test("every method of every path, for every role")
    func matrix() async throws {
        let node = GuardedNode()
        try await withHTTPServer(access: node.access) { port, _, _ in
            for role in Role.allCases {
                for rule in TextRules.http {
                    let words = rule.method.split(separator: " ").map(String.init)
                    let target = words[1].replacing("{bucket}", with: "b").replacing("{key}", with: "k")
                        .replacing("{file}", with: "main.js")
                    let reply = try RawClient(port: port).call(
                        words[0], target, headers(role.authorization), body: Array("{}".utf8))
                    let verdict: Verdict =
                        switch reply.status {
                        case 401: .unauthenticated
                        case 403: .denied
                        default: .allowed
                        }
                    #expect(verdict == role.expects(rule.operation.requirement), "\(role) \(rule.method)")
                }
            }
        }
    }

    @Test("who is refused is told why, and how to come in")
    func refusals() async throws {
        let node = GuardedNode()
        try await withHTTPServer(access: node.access) { port, service, _ in
            let client = try RawClient(port: port)
            let path = "/v1/buckets/b/keys/k"
            var reply = try client.call("PUT", path, body: [1])
            #expect(reply.status == 401)
            #expect(try problem(reply)["type"] as? String == "urn:kvnode:problem:unauthenticated")
            #expect(reply.headers["www-authenticate"]?.hasPrefix("Bearer realm=") == true)
            for wrong in [
                "Basic", "Basic !", "Basic " + Data("nocolon".utf8).base64EncodedString(), "Digest x",
            ] {
                #expect(try client.call("GET", path, headers(wrong)).status == 401, "\(wrong)")
            }
            reply = try client.call("PUT", path, headers(Role.reader.authorization), body: [1])
            #expect(reply.status == 403)
            #expect(
                try problem(reply)["detail"] as? String == "reader has not the role write in the bucket \"b\""
            )
            #expect(service.submitted.isEmpty)
            // The connection lives on, and each of its requests is its sender's.
            #expect(try client.call("PUT", path, headers(Role.writer.authorization), body: [1]).status == 204)
            #expect(try client.call("GET", path, headers("bEaReR " + Role.reader.token!)).status == 200)
            #expect(try client.call("GET", path).status == 401)
        }
    }

    @Test("a request whose password is being hashed waits, and no other connection does")
    func passwords() async throws {
        let node = GuardedNode()
        try await withHTTPServer(access: node.access) { port, service, _ in
            let path = "/v1/buckets/b/keys/k"
            for (password, status) in [("secret", 204), ("wrong", 401), ("busy", 429)] {
                let client = try RawClient(port: port)
                let header = Self.basic("writer:" + password)
                try client.send(
                    "PUT \(path) HTTP/1.1\r\nhost: t\r\nauthorization: \(header)\r\ncontent-length: 1\r\n\r\nv"
                )
                let other = try RawClient(port: port)
                #expect(try other.call("GET", path, headers(Role.reader.authorization)).status != 401)
                await node.authenticator.releaseNext()
                #expect(try client.reply().status == status, "\(password)")
            }
            #expect(service.submitted.count == 4)
        }
    }

    @Test("a connection hashes its password once")
    func passwordsAreRemembered() async throws {
        let node = GuardedNode()
        try await withHTTPServer(access: node.access) { port, _, _ in
            let client = try RawClient(port: port)
            let header = Self.basic("writer:secret")
            try client.send(
                "GET /v1/buckets/b/keys/k HTTP/1.1\r\nhost: t\r\nauthorization: \(header)\r\n\r\n")
            await node.authenticator.releaseNext()
            #expect(try client.reply().status == 404)
            for _ in 0..<3 {
                #expect(try client.call("GET", "/v1/buckets/b/keys/k", headers(header)).status == 404)
            }
            #expect(node.authenticator.heldCount == 0)
        }
    }

    @Test("what a password waits for ends with its connection")
    func closedMeanwhile() async throws {
        let node = GuardedNode()
        try await withHTTPServer(access: node.access) { port, service, _ in
            var client: RawClient? = try RawClient(port: port)
            let header = Self.basic("writer:secret")
            try client?.send(
                "PUT /v1/buckets/b/keys/k HTTP/1.1\r\nhost: t\r\nauthorization: \(header)\r\ncontent-length: 9\r\n\r\nv"
            )
            await node.authenticator.nextHeld()
            client = nil
            await node.authenticator.releaseNext()
            #expect(try RawClient(port: port).call("GET", "/healthz").status == 200)
            #expect(service.submitted.isEmpty)
        }
    }

    @Test("a user who is removed has no rights on its open connections")
    func removal() async throws {
        let node = GuardedNode()
        try await withHTTPServer(access: node.access) { port, _, _ in
            let client = try RawClient(port: port)
            let path = "/v1/buckets/b/keys/k"
            let sent = headers(Role.reader.authorization)
            #expect(try client.call("GET", path, sent).status == 404)
            node.set([.writer])
            #expect(try client.call("GET", path, sent).status == 401)
            node.set([.reader])
            #expect(try client.call("GET", path, sent).status == 404)
        }
    }

    @Test("a user's rate is held")
    func rate() async throws {
        let node = GuardedNode(limits: [.reader: RateLimit(operationsPerSecond: 1, burst: 2)])
        try await withHTTPServer(access: node.access) { port, service, _ in
            let client = try RawClient(port: port)
            let path = "/v1/buckets/b/keys/k"
            let statuses = try (0..<3).map { _ in
                try client.call("GET", path, headers(Role.reader.authorization)).status
            }
            #expect(statuses == [404, 404, 429])
            let reply = try client.call("GET", path, headers(Role.reader.authorization))
            #expect(reply.headers["retry-after"] == "1")
            // Another user has its own.
            #expect(try client.call("GET", path, headers(Role.writer.authorization)).status == 404)
            #expect(service.submitted.count == 3)
        }
    }
}
