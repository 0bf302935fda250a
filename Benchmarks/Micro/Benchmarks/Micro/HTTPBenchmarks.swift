import Benchmark
import ClusterCore
import NIOHTTP1
import TextAPI

/// HTTP: from a request's head to what is asked of the store. The head itself is found in the bytes by NIO.
func registerHTTP() {
    let steps = HTTPSteps()
    let key = Array("café/alice".utf8)
    measure("http.key") {
        precondition(steps.key(of: "/v1/buckets/carts/keys/caf%C3%A9%2Falice") == key)
    }

    let path = "/v1/buckets/carts/keys/alice"
    let host = ("host", "127.0.0.1:7402")
    let get = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: HTTPHeaders([host]))
    measure("http.get") { precondition(steps.plan(get)) }

    let put = HTTPRequestHead(
        version: .http1_1, method: .PUT, uri: path + "?w=2&timeout=500ms",
        headers: HTTPHeaders([
            host, ("content-length", "128"), ("content-type", "text/plain"),
            // Any bytes do: the store reads the context.
            ("x-kvnode-context", String(repeating: "AAECAwQF", count: 6)),
        ]))
    measure("http.put") { precondition(steps.plan(put)) }
}
