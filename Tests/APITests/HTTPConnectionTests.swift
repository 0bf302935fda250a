import ClusterCore
import Testing
import TextAPI

@Suite("HTTP: bad input and connections")
struct HTTPConnectionTests {
    @Test(
        "requests that can't be served",
        arguments: [
            ("GET", "/v1/buckets/b/keys/", 400), ("GET", "/v1/buckets//keys/k", 400),
            ("GET", "/v1/buckets/%ff/keys/k", 400), ("GET", "/v1/buckets/b/keys/%zz", 400),
            ("GET", "/v1/buckets/b/keys/%f", 400),
            ("GET", "/v1/buckets/12345678901234567890123456789/keys/k", 400),
            ("GET", "/v1/buckets/b/keys/k?r=4", 400), ("GET", "/v1/buckets/b/keys/k?n=2&r=3", 400),
            ("GET", "/v1/buckets/b/keys/k?r=0", 400), ("GET", "/v1/buckets/b/keys/k?r=x", 400),
            ("GET", "/v1/buckets/b/keys/k?q=1", 400), ("GET", "/v1/buckets/b/keys/k?r=1&r=1", 400),
            ("GET", "/v1/buckets/b/keys/k?timeout=1y", 400), ("PUT", "/v1/buckets/b/keys/k?ttl=1ms", 400),
            ("PUT", "/v1/buckets/b/keys/k?return=all", 400), ("GET", "/v1/buckets/b/keys?cursor=*", 400),
            ("GET", "/v1/buckets/b/keys?limit=0", 400), ("GET", "/v1", 404), ("GET", "/v1/buckets/b", 404),
            ("GET", "/v2/buckets/b/keys/k", 404), ("POST", "/v1/buckets/b/keys/k", 405),
            ("DELETE", "/v1/buckets/b/keys", 405), ("PUT", "/healthz", 405),
            ("DELETE", "/v1/buckets/b/properties", 405),
        ])
    func refused(_ method: String, _ path: String, _ status: Int) async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let reply = try client.call(method, path)
            #expect(reply.status == status)
            _ = try problem(reply)
            #expect((reply.headers["allow"] != nil) == (status == 405))
            #expect(try client.call("GET", "/healthz").status == 200, "the connection goes on")
        }
    }

    @Test("key sizes: 480 bytes are served, 481 are not")
    func keySizes() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let longest = String(repeating: "k", count: 480)
            #expect(try client.call("PUT", "/v1/buckets/b/keys/\(longest)", body: [1]).status == 204)
            #expect(try client.call("PUT", "/v1/buckets/b/keys/\(longest)k", body: [1]).status == 400)
            #expect(try client.call("GET", "/v1/buckets/b/keys/\(longest)").status == 200)
        }
    }

    @Test(
        "headers that can't be served",
        arguments: [
            (["x-kvnode-context": "***"], 400), (["x-kvnode-context": "AAAA"], 400), (["if-match": "x"], 400),
            (["if-match": "\"AAAA\""], 412), (["if-match": "*"], 400), (["if-none-match": "\"x\""], 400),
            (["content-encoding": "gzip"], 415), (["expect": "miracles"], 417),
            (["content-type": "text/\u{e4}"], 400),
        ])
    func badHeaders(_ headers: [String: String], _ status: Int) async throws {
        try await withHTTPServer { port, _, _ in
            let reply = try RawClient(port: port).call("PUT", "/v1/buckets/b/keys/k", headers, body: [1])
            #expect(reply.status == status)
            _ = try problem(reply)
        }
    }

    @Test("a context of another key is refused")
    func foreignContext() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let context = try client.call("PUT", "/v1/buckets/b/keys/k", body: [1]).headers[
                "x-kvnode-context"]!
            #expect(
                try client.call("PUT", "/v1/buckets/b/keys/l", ["x-kvnode-context": context], body: [1])
                    .status == 400)
        }
    }

    @Test("a value over the limit is refused before it is read, announced or chunked")
    func tooLarge() async throws {
        try await withHTTPServer { port, service, _ in
            let head = "PUT /v1/buckets/b/keys/k HTTP/1.1\r\nhost: t\r\n"
            let announced = try RawClient(port: port)
            try announced.send(head + "content-length: 100001\r\n\r\n")
            let early = try announced.reply()
            #expect(early.status == 413 && early.headers["connection"] == "close")
            #expect(announced.isClosed())

            let chunked = try RawClient(port: port)
            try chunked.send(head + "transfer-encoding: chunked\r\n\r\n")
            let chunk = Array("4000\r\n".utf8) + [UInt8](repeating: 1, count: 0x4000) + Array("\r\n".utf8)
            for _ in 0..<7 { try chunked.send(chunk) }
            #expect(try chunked.reply().status == 413)
            #expect(chunked.isClosed())
            #expect(service.submitted.isEmpty)

            let exact = try RawClient(port: port)
            #expect(
                try exact.call("PUT", "/v1/buckets/b/keys/k", body: [UInt8](repeating: 1, count: 100_000))
                    .status == 204)
            #expect(try exact.call("GET", "/v1/buckets/b/keys/k").body.count == 100_000)
        }
    }

    @Test("Expect: 100-continue is answered, unless the request is refused")
    func expectation() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let headers = "host: t\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n"
            try client.send("PUT /v1/buckets/b/keys/k HTTP/1.1\r\n" + headers)
            #expect(try client.reply(hasBody: false).status == 100)
            try client.send([1])
            #expect(try client.reply().status == 204)
            try client.send("PUT /v1/buckets/b/keys/ HTTP/1.1\r\n" + headers)
            #expect(try client.reply().status == 400)
            #expect(client.isClosed())
        }
    }

    @Test(
        "bytes that are no HTTP get 400 and an end",
        arguments: [
            "\u{1}\u{2}\u{3}garbage\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / FTP/1.1\r\n\r\n",
        ])
    func garbage(_ text: String) async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            try client.send(text)
            #expect(try client.reply().status == 400)
            #expect(client.isClosed())
            #expect(try RawClient(port: port).call("GET", "/healthz").status == 200)
        }
    }

    @Test("a header over the limit gets 431")
    func longHeader() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            try client.send("GET / HTTP/1.1\r\nx: " + String(repeating: "x", count: 70_000))
            #expect(try client.reply().status == 431)
        }
    }

    @Test("replies keep the order of pipelined requests")
    func pipelining() async throws {
        try await withHTTPServer { port, service, _ in
            let client = try RawClient(port: port)
            for index in 0..<50 {
                #expect(
                    try client.call("PUT", "/v1/buckets/b/keys/k\(index)", body: Array("v\(index)".utf8))
                        .status == 204)
            }
            var requests = "GET /v1/buckets/b/keys/hold HTTP/1.1\r\nhost: t\r\n\r\n"
            for index in 0..<50 { requests += "GET /v1/buckets/b/keys/k\(index) HTTP/1.1\r\nhost: t\r\n\r\n" }
            try client.send(requests)
            await service.held(1)
            service.release()
            #expect(try client.reply().status == 404)
            for index in 0..<50 { #expect(try client.reply().text == "v\(index)") }
        }
    }

    @Test("a client that has closed its side gets its reply; one that is gone does no harm")
    func earlyClose() async throws {
        try await withHTTPServer { port, service, _ in
            let half = try RawClient(port: port)
            try half.send("GET /v1/buckets/b/keys/hold1 HTTP/1.1\r\nhost: t\r\n\r\n")
            half.finishSending()
            do {
                let gone = try RawClient(port: port)
                try gone.send("GET /v1/buckets/b/keys/hold2 HTTP/1.1\r\nhost: t\r\n\r\n")
                await service.held(2)
            }
            service.release()
            #expect(try half.reply().status == 404)
            #expect(half.isClosed())
            #expect(try RawClient(port: port).call("GET", "/healthz").status == 200)
        }
    }

    @Test("Connection: close and HTTP/1.0 end the connection after the reply")
    func closing() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            #expect(try client.call("GET", "/healthz", ["connection": "close"]).status == 200)
            #expect(client.isClosed())
            let old = try RawClient(port: port)
            try old.send("GET /healthz HTTP/1.0\r\n\r\n")
            #expect(try old.reply().status == 200)
            #expect(old.isClosed())
        }
    }

    @Test("connections over the limit are told to come back")
    func connectionLimit() async throws {
        try await withHTTPServer({ $0.maxConnections = 1 }) { port, _, _ in
            let first = try RawClient(port: port)
            #expect(try first.call("GET", "/healthz").status == 200)
            #expect(try RawClient(port: port).reply().status == 503)
            #expect(try first.call("GET", "/healthz").status == 200)
        }
    }

    @Test("an idle connection is closed, a half-sent request gets 408")
    func idleTimeout() async throws {
        try await withHTTPServer({ $0.idleTimeout = .seconds(2) }) { port, _, _ in
            let idle = try RawClient(port: port)
            #expect(idle.isClosed())
            let half = try RawClient(port: port)
            try half.send("PUT /v1/buckets/b/keys/k HTTP/1.1\r\nhost: t\r\ncontent-length: 5\r\n\r\nab")
            #expect(try half.reply().status == 408)
        }
    }

    @Test("probes")
    func probes() async throws {
        try await withHTTPServer { port, service, _ in
            let client = try RawClient(port: port)
            #expect(try client.call("GET", "/readyz").status == 200)
            service.isReady = false
            #expect(try client.call("GET", "/readyz").status == 503)
            #expect(try client.call("GET", "/healthz").status == 200)
        }
    }

    @Test("a graceful stop answers what is in flight and closes what is idle")
    func gracefulStop() async throws {
        try await withHTTPServer { port, service, server in
            let idle = try RawClient(port: port)
            #expect(try idle.call("GET", "/healthz").status == 200)
            let busy = try RawClient(port: port)
            try busy.send("GET /v1/buckets/b/keys/hold HTTP/1.1\r\nhost: t\r\n\r\n")
            await service.held(1)
            server.beginGracefulShutdown()
            #expect(idle.isClosed())
            service.release()
            let reply = try busy.reply()
            #expect(reply.status == 404 && reply.headers["connection"] == "close")
            #expect(busy.isClosed())
        }
    }
}
