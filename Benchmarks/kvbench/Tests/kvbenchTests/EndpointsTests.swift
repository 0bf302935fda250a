import Load
import Testing

@testable import kvbench

@Suite struct EndpointsTests {
    @Test func `a cluster has a name and its servers`() throws {
        let endpoints = try Endpoints("rocksdb=10.0.0.1:7403,kvnode-1.kvnode:7413,[::1]:7423")
        #expect(endpoints.name == "rocksdb")
        #expect(
            endpoints.servers == [
                Server(host: "10.0.0.1", port: 7403), Server(host: "kvnode-1.kvnode", port: 7413),
                Server(host: "::1", port: 7423),
            ])
        #expect(try Endpoints("localhost:1").name == "cluster")
    }

    @Test(arguments: [
        ("", "\"\" is no HOST:PORT"), ("a", "\"a\" is no HOST:PORT"), ("a:", "\"a:\" is no HOST:PORT"),
        (":1", "\":1\" is no HOST:PORT"), ("a:0", "\"a:0\" is no HOST:PORT"),
        ("a:65536", "\"a:65536\" is no HOST:PORT"), ("a:1,", "\"\" is no HOST:PORT"),
        ("::1:7403", "\"::1:7403\" is no HOST:PORT"), ("x=", "\"\" is no HOST:PORT"),
        ("=a:1", "\"=a:1\" has an empty name"), ("a:1,a:1", "\"a:1,a:1\" names a server twice"),
    ])
    func `what is no cluster is refused with the reason`(_ text: String, _ reason: String) {
        #expect(throws: Endpoints.Mistake(description: reason)) { try Endpoints(text) }
    }

    @Test func `HTTP is where it is said, or at the first host`() throws {
        let clusters = [try Endpoints("x=a:7403,b:7403"), try Endpoints("y=c:1")]
        let said = [try Endpoints("y=d:2")]
        #expect(
            try Endpoints.http(of: clusters, said: said, speaksHTTP: false) == [
                Server(host: "a", port: 7402), Server(host: "d", port: 2),
            ])
        #expect(
            try Endpoints.http(of: clusters, said: [], speaksHTTP: true) == [
                Server(host: "a", port: 7403), Server(host: "c", port: 1),
            ])
        #expect(throws: Endpoints.Mistake(description: "--http names z, which --endpoints doesn't")) {
            try Endpoints.http(of: clusters, said: [try Endpoints("z=d:2")], speaksHTTP: false)
        }
    }
}
