import Foundation
import Testing

@Suite("HTTP: metrics")
struct HTTPMetricsTests {
    @Test("the page is made for all that the client accepts, and goes as it is")
    func page() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let reply = try client.call("GET", "/metrics", ["Accept": "text/plain;q=0.5, */*"])
            #expect(reply.status == 200 && reply.headers["content-type"] == "text/plain")
            #expect(reply.text == "metrics for text/plain;q=0.5, */*\n")
            #expect(try client.call("GET", "/metrics").text == "metrics for \n")
        }
    }

    @Test("it takes parameters as they come, and can't be written")
    func misuse() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            #expect(try client.call("GET", "/metrics?collect[]=cpu").status == 200)
            #expect(try client.call("PUT", "/metrics", body: [1]).status == 405)
        }
    }
}
