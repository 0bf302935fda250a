import Testing

@testable import Load

@Suite struct HTTPWireTests {
    private let wire = HTTPWire(bucket: "b")

    @Test func `what is written is HTTP`() {
        #expect(wire.written(.read) == "GET /v1/buckets/b/keys/k HTTP/1.1\r\nHost: h:1\r\n\r\n")
        #expect(wire.written(.delete) == "DELETE /v1/buckets/b/keys/k HTTP/1.1\r\nHost: h:1\r\n\r\n")
        let put = "PUT /v1/buckets/b/keys/k HTTP/1.1\r\nHost: h:1\r\n"
        #expect(wire.written(.write) == put + "Content-Length: 5\r\n\r\nvalue")
        let context = Request.write.with(context: Array("AQI=".utf8))
        #expect(
            wire.written(context) == put + "X-Kvnode-Context: AQI=\r\nContent-Length: 5\r\n\r\nvalue")
        let list = "GET /v1/buckets/b/keys?limit=10&prefix=us HTTP/1.1\r\nHost: h:1\r\n\r\n"
        #expect(wire.written(.list) == list)
    }

    @Test func `an empty value has its length said`() {
        let empty = Request(kind: .write, key: Array("k".utf8))
        #expect(wire.written(empty).hasSuffix("\r\nContent-Length: 0\r\n\r\n"))
    }

    @Test func `it opens with nothing`() {
        var wire = wire
        #expect(wire.opening(server: "h:1").isEmpty)
    }

    private func reply(_ status: String, _ fields: [String] = [], body: String = "") -> String {
        "HTTP/1.1 \(status)\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n" + body
    }

    @Test func `each status ends its operation`() {
        let replies = [
            reply("204 No Content"),
            reply("200 OK", ["X-Kvnode-Context: AQI=", "Content-Length: 5"], body: "a\r\n\r\n"),
            reply("300 Multiple Choices", ["content-length:3", "x-kvnode-context: AA=="], body: "x,y"),
            reply("404 Not Found", ["Content-Type: text/plain", "CONTENT-LENGTH: 0"]),
            reply("404 Not Found", ["X-Kvnode-Context: Zg==", "Content-Length: 2"], body: "no"),
            reply("204 No Content", ["Content-Length: 0"]),
            reply("200 OK", ["Content-Length: 2"], body: "[]"),
        ]
        let heard = Hearing(
            wire.asked([.write, .read, .read, .read, .read, .delete, .list]), replies.joined())
        #expect(
            heard.outcomes == [
                .done, .found(values: 1, context: Array("AQI=".utf8)),
                .found(values: 2, context: Array("AA==".utf8)), .absent,
                .found(values: 0, context: Array("Zg==".utf8)), .done, .done,
            ])
        #expect(heard.ended.map(\.number) == [0, 1, 2, 3, 4, 5, 6])
        #expect(heard.rest.isEmpty && heard.error == nil && heard.reply.isEmpty)
    }

    @Test func `an error ends its operation in the server's words`() {
        let unavailable = reply("503 Service Unavailable", ["Content-Length: 9"], body: "no quorum")
        let heard = Hearing(
            wire.asked([.write, .read, .delete, .list]),
            unavailable + unavailable + reply("404 Not Found", ["Content-Length: 9"], body: "no bucket")
                + unavailable)
        #expect(
            heard.outcomes == [
                .failed("503 no quorum"), .failed("503 no quorum"), .failed("404 no bucket"),
                .failed("503 no quorum"),
            ])
    }

    @Test func `a 204 never has a body, whatever its length says`() {
        let heard = Hearing(
            wire.asked([.write, .write]),
            reply("204 No Content", ["Content-Length: 7"]) + reply("204 No Content"))
        #expect(heard.outcomes == [.done, .done])
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 503 No\r\nX-Content-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "+OK\r\n\r\n",
        "HTTP/1.1 two OK\r\nContent-Length: 0\r\n\r\n",
    ])
    func `what is no reply is an error`(_ text: String) {
        let heard = Hearing(wire.asked([.read]), text)
        #expect(heard.ended.isEmpty)
        #expect(heard.error != nil)
        #expect(!heard.isBroken)
    }

    @Test func `a length below zero is an error`() async {
        await #expect(processExitsWith: .success) {
            let heard = Hearing(
                HTTPWire(bucket: "b").asked([.read]), "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")
            #expect(heard.ended.isEmpty)
            #expect(heard.error != nil)
        }
    }

    @Test func `another protocol's reply is an error`() {
        let heard = Hearing(wire.asked([.write]), "SIP/2.0: 204 No Content\r\n\r\n")
        #expect(heard.ended.isEmpty)
        #expect(heard.error != nil)
    }

    @Test func `a reply to nothing is an error`() {
        let heard = Hearing(wire.asked([.write]), reply("204 No Content") + reply("204 No Content"))
        #expect(heard.outcomes == [.done])
        #expect(heard.error == "more replies than operations")
    }
}
