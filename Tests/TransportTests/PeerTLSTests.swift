import Cluster
import ClusterCore
import Logging
import TLS
import Testing

@testable import Transport

/// Nodes that prove to each other who they are, and those that can't.
@Suite("Transport with TLS", .timeLimit(.minutes(2)))
struct PeerTLSTests {
    private let certificates: PeerCertificates

    init() throws { certificates = try PeerCertificates() }

    /// A line of `node`'s log with this message, and `reason` in its reason.
    private func line(_ node: TestNode, _ message: String, _ reason: String) async throws -> LogRecorder.Line
    {
        let lines = try await node.log.wait("\(message): \(reason)") { lines in
            lines.contains { $0.message == message && $0.reason.contains(reason) }
        }
        return lines.first { $0.message == message && $0.reason.contains(reason) }!
    }

    @Test("Batches cross, and come whole")
    func batches() async throws {
        let (a, b) = try await (certificates.endpoint("a"), certificates.endpoint("b"))
        try await withPair(.grpc, a: { $0.tls = a }, b: { $0.tls = b }) { _, a, b in
            // More than a record of TLS, and than what a socket takes at once.
            #expect(a.send(0..<100_000, to: b) == .accepted)
            try await a.record.wait("the replies") { $0.replies.count == 100_000 }
            #expect(a.record.value.replies == Array(0..<100_000))
            #expect(b.record.value.requests == Array(0..<100_000))
        }
    }

    @Test("A network that falls silent is noticed as without TLS")
    func silentLoss() async throws {
        let (a, b) = try await (certificates.endpoint("a"), certificates.endpoint("b"))
        func settings(_ tls: TLSEndpoint) -> (inout Settings) -> Void {
            {
                $0.tls = tls
                $0.keepaliveTime = .milliseconds(200)
                $0.keepaliveTimeout = .milliseconds(500)
            }
        }
        try await withPair(.grpc, a: settings(a), b: settings(b)) { network, a, b in
            network.freeze("a", "b")
            try await a.record.wait("disconnected at a") { !$0.isConnected(to: b.id) }
            try await b.record.wait("disconnected at b") { !$0.isConnected(to: a.id) }
            network.cut("a", "b")
            network.heal("a", "b")
            try await a.waitUntilConnected(to: b)
        }
    }

    /// Starts node a, and a node that is no good peer of it; neither connects, and `check` reads their logs.
    private func strangers(
        _ adjust: (inout Settings) -> Void, check: (_ a: TestNode, _ b: TestNode) async throws -> Void
    ) async throws {
        let own = try await certificates.endpoint("a")
        let network = try await TestNetwork(.grpc)
        let a = try await network.start("a") { $0.tls = own }
        let b = try await network.start("b", adjust)
        try await check(a, b)
        #expect(a.record.value.events.isEmpty)
        #expect(b.record.value.events.isEmpty)
        #expect(a.record.value.requests.isEmpty)
        #expect(a.send([1], to: b) == .notConnected)
        try await a.stop()
        try await b.stop()
        try await network.close()
    }

    @Test("A node with another node's certificate speaks for neither")
    func borrowedCertificate() async throws {
        let borrowed = try await certificates.endpoint("c")
        try await strangers({ $0.tls = borrowed }) { a, b in
            // b calls a, and is found out by its hello; a calls b, and finds another node's certificate there.
            let called = try await line(a, "a peer's stream is refused", "it says it is node 'b'")
            #expect(called.reason == "it says it is node 'b', but its certificate is that of node 'c'")
            _ = try await line(a, "the peer is refused", "it is that of the node 'c', not of 'b'")
            _ = try await line(b, "the peer refuses this node", "its certificate is that of node 'c'")
        }
    }

    @Test("A node of another authority, whatever it says")
    func otherAuthority() async throws {
        let others = try PeerCertificates()
        let other = try await others.endpoint("b")
        try await strangers({ $0.tls = other }) { a, b in
            // Of two ends that don't believe each other, the caller is the first to say so.
            _ = try await line(
                a, "a peer's connection is refused", "it does not accept this end's certificate")
            _ = try await line(a, "the peer is refused", "no authority that is trusted here")
            _ = try await line(b, "the peer is refused", "no authority that is trusted here")
        }
    }

    @Test("A node that says it is of another cluster than its certificate")
    func otherCluster() async throws {
        let tls = try await certificates.endpoint("b")
        try await strangers({
            $0.tls = tls
            $0.hello.cluster = "other"
        }) { a, b in
            // It does not come to a hello: the caller sees at the handshake whose certificate it is shown.
            _ = try await line(
                a, "a peer's connection is refused", "it does not accept this end's certificate")
            _ = try await line(b, "the peer is refused", "it is of the cluster 'test', not of 'other'")
        }
    }

    @Test("A node without TLS and one with it: both say so")
    func plainNode() async throws {
        try await strangers({ _ in }) { a, b in
            _ = try await line(
                a, "a peer's connection is refused", "it speaks plain text, but this port speaks TLS")
            _ = try await line(b, "the peer can't be reached", "it speaks TLS, which is off at this node")
            _ = try await line(
                b, "a peer's connection is refused", "it speaks TLS, which is off at this port")
            let called = try await line(a, "the peer can't be reached", "")
            #expect(called.level == .warning)
            // However often they try.
            let attempts = try await a.log.wait("more attempts") { lines in
                lines.count { $0.message == "a peer's connection is refused" } >= 3
            }
            #expect(
                attempts.count { $0.message == "a peer's connection is refused" && $0.level == .warning } == 1
            )
        }
    }

    @Test("A revoked node is cut off within one look at the files")
    func revoked() async throws {
        let (own, other) = try await (certificates.endpoint("a"), certificates.endpoint("b"))
        try await withPair(.grpc, a: { $0.tls = own }, b: { $0.tls = other }) { _, a, b in
            try certificates.revoke("b")
            await own.reload()
            try await a.record.wait("disconnected at a") { !$0.isConnected(to: b.id) }
            try await b.record.wait("disconnected at b") { !$0.isConnected(to: a.id) }
            _ = try await line(a, "a peer's connection is refused", "is revoked")
            _ = try await line(a, "the peer is refused", "is revoked")
            #expect(a.send([1], to: b) == .notConnected)
        }
    }

    @Test("A certificate is replaced while batches cross")
    func rotation() async throws {
        let (own, other) = try await (certificates.endpoint("a"), certificates.endpoint("b"))
        try await withPair(.grpc, a: { $0.tls = own }, b: { $0.tls = other }) { network, a, b in
            try certificates.renew("a")
            await own.reload()
            #expect(a.send([1], to: b) == .accepted)
            try await a.record.wait("the reply") { $0.replies == [1] }
            #expect(a.record.value.events.count == 1, "what was good stays")
            network.cut("a", "b")
            network.heal("a", "b")
            try await a.record.wait("connected anew") { $0.count(.connected(b.id)) == 2 }
            #expect(a.send([2], to: b) == .accepted)
            try await a.record.wait("the second reply") { $0.replies == [1, 2] }
        }
    }
}
