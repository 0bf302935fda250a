import API
import SwiftProtobuf
import Testing

@testable import TextAPI

@Suite("What clients have sent that is not complete")
struct ReceiveBudgetTests {
    private static let free = ReceiveBudget.freeBytes

    @Test("Connections share what there is, and give back what they let go of")
    func sharing() {
        let budget = ReceiveBudget(maxBytes: 3 * Self.free)
        var one = ReceivedBytes(of: budget)
        var other = ReceivedBytes(of: budget)
        expect(one.hold(2 * Self.free), true)
        expect(other.hold(2 * Self.free), false)
        // What is refused takes no room.
        expect(one.hold(3 * Self.free), true)
        one.letGo()
        expect(other.hold(3 * Self.free), true)
        expect(one.hold(Self.free + 1), false)
    }

    @Test("Little is free for each")
    func free() {
        let budget = ReceiveBudget(maxBytes: 0)
        var one = ReceivedBytes(of: budget)
        expect(one.hold(Self.free), true)
        expect(one.hold(Self.free + 1), false)
    }

    @Test("A connection that is gone holds nothing")
    func gone() {
        let budget = ReceiveBudget(maxBytes: 2 * Self.free)
        do {
            var one = ReceivedBytes(of: budget)
            expect(one.hold(2 * Self.free), true)
        }
        var other = ReceivedBytes(of: budget)
        expect(other.hold(2 * Self.free), true)
    }

    @Test("A command that there is no room for ends its connection, and no other")
    func commands() async throws {
        try await withRESPServer({ $0.receiveBudget = ReceiveBudget(maxBytes: 40_000) }) { port, _, _ in
            let beginning = "*2\r\n$4\r\nPING\r\n$50000\r\n"
            let (one, other) = (try RawClient(port: port), try RawClient(port: port))
            try other.send("PING\r\n")
            #expect(try other.respReply() == .simple("PONG"))
            try one.send(beginning + String(repeating: "x", count: 49_000))
            #expect(
                try one.respReply()
                    == .error(
                        "overloaded: the node's clients have sent too much that is not complete",
                        code: "OVERLOADED"))
            // Nothing of it is taken for a command.
            #expect(one.isClosed())
            try other.send("*2\r\n$4\r\nPING\r\n$30000\r\n" + String(repeating: "y", count: 30_000) + "\r\n")
            #expect(try other.respReply() == .bulk([UInt8](repeating: UInt8(ascii: "y"), count: 30_000)))
        }
    }

    @Test("So does a body")
    func bodies() async throws {
        try await withHTTPServer({ $0.receiveBudget = ReceiveBudget(maxBytes: 40_000) }) { port, service, _ in
            let client = try RawClient(port: port)
            let body = [UInt8](repeating: 1, count: 50_000)
            let refused = try client.call("PUT", "/v1/buckets/b/keys/k", body: body)
            #expect(refused.status == 429)
            #expect(refused.headers["retry-after"] != nil)
            #expect(service.submitted.isEmpty)
            let other = try RawClient(port: port)
            for _ in 0..<3 {
                #expect(
                    try other.call("PUT", "/v1/buckets/b/keys/k", body: Array(body[..<40_000])).status == 204)
            }
        }
    }

    @Test("So does a call of gRPC, and ends alone")
    func calls() async throws {
        let server = GRPCServerTests()
        try await server.withFrames({ $0.receiveBudget = ReceiveBudget(maxBytes: 40_000) }) {
            client, service, _ in
            let get = "/kvnode.v1.KeyValue/Get"
            try client.begin(1, get)
            try client.data(
                1, Array(FrameClient.message([UInt8](repeating: 0, count: 60_000)).prefix(16_000)))
            #expect(service.submitted.isEmpty)
            for _ in 0..<2 { try client.data(1, [UInt8](repeating: 0, count: 16_000)) }
            let refused = try client.reply(1)
            #expect(refused.isTrailersOnly && refused.status == "8")
            try client.call(3, get, try server.get("none").serializedBytes())
            #expect(try client.reply(3).status == "0")
        }
    }

    private func expect(_ found: Bool, _ expected: Bool, _ location: SourceLocation = #_sourceLocation) {
        #expect(found == expected, sourceLocation: location)
    }
}
