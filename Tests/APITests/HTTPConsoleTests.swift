import Foundation
import Testing

@testable import TextAPI

@Suite("HTTP: the page for browsers")
struct HTTPConsoleTests {
    @Test("the page and all its files are there, and take nothing from elsewhere")
    func files() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            let page = try client.call("GET", "/")
            #expect(page.status == 200 && page.text.hasPrefix("<!doctype html>"))
            #expect(page.headers["content-type"] == "text/html; charset=utf-8")
            for file in ConsoleFile.allCases where file != .page {
                let reply = try client.call("GET", "/console/" + file.rawValue)
                #expect(reply.status == 200 && !reply.body.isEmpty, "\(file)")
                #expect(reply.headers["content-security-policy"]?.hasPrefix("default-src 'self';") == true)
                #expect(reply.headers["x-content-type-options"] == "nosniff")
                #expect(!reply.text.contains("https://"), "\(file)")
            }
            for path in ["/console/", "/console/index.html", "/console/other.js", "/console/../main.js"] {
                #expect(try client.call("GET", path).status == 404, "\(path)")
            }
            #expect(try client.call("PUT", "/", body: [1]).status == 405)
        }
    }

    @Test("each file that another names is one of them")
    func imports() throws {
        let text = ConsoleFile.allCases.map { String(decoding: $0.reply.body ?? [], as: UTF8.self) }.joined()
        let named = text.matches(of: /(?:from "\.|src="\/console|href="\/console)\/([a-z.]+)"/).map {
            String($0.1)
        }
        #expect(Set(named).union(["index.html"]) == Set(ConsoleFile.allCases.map(\.rawValue)))
    }

    @Test("what the page asks reaches the node, and its answer is not kept by the browser")
    func questions() async throws {
        try await withHTTPServer { port, _, _ in
            let client = try RawClient(port: port)
            for (path, asked) in [
                ("/console/overview", "overview"), ("/console/ring", "ring"),
                ("/console/holdings?bucket=b&key=%00k", #"holdings(bucket: "b", key: [0, 107])"#),
            ] {
                let reply = try client.call("GET", path)
                #expect(reply.status == 200 && reply.headers["cache-control"] == "no-store")
                #expect(reply.text.contains(asked), "\(reply.text)")
            }
            for query in [
                "", "?bucket=b", "?key=k", "?bucket=b&key=", "?bucket=&key=k", "?bucket=b&key=k&r=1",
            ] {
                #expect(try client.call("GET", "/console/holdings" + query).status == 400, "\(query)")
            }
            let refused = try client.call("GET", "/console/holdings?bucket=missing&key=k")
            #expect(refused.status == 503)
            #expect(try problem(refused)["detail"] as? String == "the node is shutting down")
        }
    }

    @Test("pages of other sites may change nothing")
    func otherSites() async throws {
        try await withHTTPServer { port, service, _ in
            let client = try RawClient(port: port)
            let path = "/v1/buckets/b/keys/k"
            for origin in ["http://elsewhere.example", "null", "http://t.example", "https://u"] {
                let reply = try client.call("PUT", path, ["Origin": origin], body: [1])
                #expect(reply.status == 403, "\(origin)")
                #expect(try problem(reply)["type"] as? String == "urn:kvnode:problem:other-site")
            }
            for method in ["POST", "DELETE"] {
                let target = method == "POST" ? "/v1/buckets/b/data/k" : path
                #expect(try client.call(method, target, ["Origin": "http://elsewhere.example"]).status == 403)
            }
            let site = ["Origin": "http://test", "Sec-Fetch-Site": "cross-site"]
            #expect(try client.call("PUT", path, site, body: [1]).status == 403)
            #expect(service.submitted.isEmpty)
            for headers in [
                ["Origin": "http://TEST"], [:],
                ["Origin": "http://behind.a.proxy", "Sec-Fetch-Site": "same-origin"],
            ] {
                #expect(try client.call("PUT", path, headers, body: [1]).status == 204, "\(headers)")
            }
            // What the page of another site asks for, the browser does not show it.
            #expect(try client.call("GET", path, ["Origin": "http://elsewhere.example"]).status != 403)
        }
    }
}
