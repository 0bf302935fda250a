import Cluster
import ClusterCore
import Testing

@testable import Transport

/// The nodes to talk to change while a transport runs.
@Suite("Transport peers", .timeLimit(.minutes(2)))
struct PeersTests {
    @Test("A peer that comes later is connected, and one that goes is not any more", arguments: Kind.allCases)
    func comeAndGo(_ kind: Kind) async throws {
        let network = try await TestNetwork(kind)
        let a = try await network.start("a") { $0.memberNames = ["a"] }
        let b = try await network.start("b")
        try await a.log.wait("the refusal") { $0.contains { $0.message == "a peer's stream is refused" } }
        #expect(a.send([1], to: b) == .notConnected)
        for round in 1...3 {
            a.transport.update(peers: [network.member("b", seenBy: "a")])
            try await a.waitUntilConnected(to: b)
            if round == 1 { try await b.waitUntilConnected(to: a) }
            #expect(a.send([UInt64(round)], to: b) == .accepted)
            try await b.record.wait("the request") { $0.requests.count == round }
            a.transport.update(peers: [])
            try await a.record.wait("the end") { !$0.isConnected(to: b.id) }
            #expect(a.send([9], to: b) == .notConnected)
        }
        try await a.stop()
        try await b.stop()
        try await network.close()
    }

    @Test("A peer that has moved is looked for at its new address")
    func move() async throws {
        let network = try await TestNetwork(.grpc)
        let a = try await network.start("a")
        a.transport.update(peers: [Member(name: "b", address: "127.0.0.1:1")])
        try await a.log.wait("the attempt") { $0.contains { $0.message == "the peer can't be reached" } }
        let b = try await network.start("b")
        a.transport.update(peers: [network.member("b", seenBy: "a")])
        try await a.waitUntilConnected(to: b)
        try await a.stop()
        try await b.stop()
        try await network.close()
    }
}
