import Cluster
import ClusterCore
import Foundation
import Glibc
import Testing
import TextAPI

@Suite("HTTP: long replies and slow clients")
struct HTTPLimitTests {
    private static let longValue = 64 << 20
    private static let get = "GET /v1/buckets/b/keys/k HTTP/1.1\r\nhost: t\r\n"

    /// With a long value at b/k.
    private func withLongValue(
        _ change: (inout HTTPServer.Configuration) -> Void = { _ in },
        _ body: @escaping @Sendable (_ port: Int) throws -> Void
    ) async throws {
        try await withHTTPServer({
            $0.maxBodyBytes = Self.longValue
            change(&$0)
        }) { port, service, _ in
            let value = [UInt8](repeating: 7, count: Self.longValue)
            let put = PutRequest(
                bucket: "b", key: Array("k".utf8), content: .value(value, contentType: "a/b"))
            service.submit(.put(put), from: .http) { _ in }
            try await onThread { try body(port) }
        }
    }

    @Test("10,000 requests pipelined behind one whose reply comes later")
    func manyPipelined() async throws {
        try await withHTTPServer { port, service, _ in
            try await onThread {
                let client = try RawClient(port: port)
                // Makes the server read much at a time.
                let value = [UInt8](repeating: 1, count: 100_000)
                for _ in 0..<10 {
                    #expect(try client.call("PUT", "/v1/buckets/b/keys/k", body: value).status == 204)
                }
                var requests = "GET /v1/buckets/b/keys/hold HTTP/1.1\r\nhost: t\r\n\r\n"
                for _ in 0..<10_000 { requests += "GET /healthz HTTP/1.1\r\n\r\n" }
                try client.send(requests)
                while service.submitted.count < 11 { usleep(1_000) }
                service.release()
                #expect(try client.reply().status == 404)
                for _ in 0..<10_000 {
                    guard try client.reply().status == 200 else {
                        Issue.record("a reply is wrong")
                        return
                    }
                }
            }
        }
    }

    @Test("a slow reader gets a long last reply whole, longer than the linger")
    func slowReader() async throws {
        try await withLongValue { port in
            let client = try RawClient(port: port)
            try client.send(Self.get + "connection: close\r\n\r\n")
            // 2 seconds and more.
            #expect(try client.bodyByteCount(pausing: 2_000, chunk: 64 << 10) == Self.longValue)
            #expect(client.isClosed())
        }
    }

    @Test(
        "a client that closes its side after the request gets a long reply whole", arguments: [false, true])
    func halfClosed(late: Bool) async throws {
        try await withLongValue { port in
            let client = try RawClient(port: port)
            try client.send(Self.get + "\r\n")
            if late { #expect(try client.reply(hasBody: false).status == 200) }
            client.finishSending()
            if late {
                #expect(try client.drain() == Self.longValue)
            } else {
                #expect(try client.bodyByteCount(pausing: 1_000, chunk: 64 << 10) == Self.longValue)
            }
            #expect(client.isClosed())
        }
    }

    @Test("a reply that is taken slowly may take longer than the idle timeout, one that isn't taken ends")
    func stalledReader() async throws {
        try await withLongValue({
            $0.idleTimeout = .seconds(3)
            $0.maxConnections = 1
        }) { port in
            let slow = try RawClient(port: port)
            try slow.send(Self.get + "\r\n")
            #expect(try slow.bodyByteCount(pausing: 2_000, chunk: 64 << 10) == Self.longValue)
            #expect(slow.isClosed(), "idle from now on")

            let stalled = try Self.admitted(port, Self.get + "\r\n")
            // Unread bytes keep the end from reaching the client, but its place is free again.
            _ = try Self.admitted(port, "GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n")
            #expect(try stalled.drain() < Self.longValue)
        }
    }

    /// A client whose request is answered: of one connection at a time, the next is taken a moment after the last one's
    /// end is seen. Reads the reply's head alone.
    private static func admitted(_ port: Int, _ request: String) throws -> RawClient {
        for _ in 0..<6_000 {
            let client = try RawClient(port: port)
            try client.send(request)
            if let reply = try? client.reply(hasBody: false), reply.status == 200 { return client }
            usleep(10_000)
        }
        throw RawClient.Closed()
    }

    @Test("a body that nothing is made of is refused once it is long", arguments: ["GET", "DELETE"])
    func endlessBody(method: String) async throws {
        try await withHTTPServer { port, service, _ in
            let client = try RawClient(port: port)
            try client.send(
                "\(method) /v1/buckets/b/keys/k HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n")
            let chunk = Array("4000\r\n".utf8) + [UInt8](repeating: 1, count: 0x4000) + Array("\r\n".utf8)
            for _ in 0..<5 { try client.send(chunk) }
            #expect(try client.reply().status == 413)
            #expect(service.submitted.isEmpty)
        }
    }

    @Test("a request that trickles in is ended at the deadline, though the connection is never idle")
    func trickle() async throws {
        try await withHTTPServer({ $0.requestTimeout = .milliseconds(300) }) { port, _, _ in
            let body = try RawClient(port: port)
            try body.send("PUT /v1/buckets/b/keys/k HTTP/1.1\r\nhost: t\r\ncontent-length: 90000\r\n\r\n")
            #expect(body.trickle(byte: "x"))
            #expect(try body.reply().status == 408)
            let head = try RawClient(port: port)
            try head.send("GET /healthz HTTP/1.1\r\nx: ")
            #expect(head.trickle(byte: "x"))
            #expect(head.isClosed())
        }
    }
}

/// Runs what blocks for long on a thread of its own: the pool's few are the servers' too.
private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
