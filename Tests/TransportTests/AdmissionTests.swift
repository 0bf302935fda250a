import Cluster
import ClusterCore
import Logging
import TLS
import Testing

@testable import Transport

/// Nodes that must not talk to each other don't, and both say why.
@Suite("Transport admission", .timeLimit(.minutes(2)))
struct AdmissionTests {
    /// A way in which node b is not what node a expects, and how a names it.
    struct Mismatch: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reason: String
        var adjust: @Sendable (inout Settings) -> Void
    }

    static let mismatches = [
        Mismatch(testDescription: "another cluster", reason: "it is of cluster 'other'") {
            $0.hello.cluster = "other"
        },
        Mismatch(testDescription: "an unknown protocol version", reason: "protocol version 99") {
            $0.hello.protocolVersion = 99
        },
        Mismatch(testDescription: "another layout", reason: "digest 8") { $0.hello.layoutDigest = 8 },
        Mismatch(testDescription: "another layout version", reason: "version 2") {
            $0.hello.layoutVersion = 2
        },
    ]

    @Test(
        "A node with a mismatch is refused by both, each logging it once", arguments: Kind.allCases,
        mismatches)
    func mismatch(_ kind: Kind, _ mismatch: Mismatch) async throws {
        let network = try await TestNetwork(kind)
        let a = try await network.start("a")
        let b = try await network.start("b", mismatch.adjust)
        // Over sockets, every further attempt is refused again, at debug level.
        let attempts = kind == .grpc ? 3 : 1
        for (message, reason) in [
            ("a peer's stream is refused", mismatch.reason), ("the peer refuses this node", ""),
        ] {
            let lines = try await a.log.wait(message) { lines in
                lines.count { $0.message == message && $0.reason.contains(reason) } >= attempts
            }
            let warnings = lines.filter { $0.message == message && $0.level == .warning }
            #expect(warnings.count == 1, "\(warnings)")
            #expect(warnings.first?.peer == "b")
        }
        #expect(a.record.value.events.isEmpty)
        #expect(b.record.value.events.isEmpty)
        #expect(a.send([1], to: b) == .notConnected)
        try await a.stop()
        try await b.stop()
        try await network.close()
    }

    @Test("A node that is not in the member list is refused", arguments: Kind.allCases)
    func unknownNode(_ kind: Kind) async throws {
        let network = try await TestNetwork(kind)
        let a = try await network.start("a") { $0.memberNames = ["a"] }
        let b = try await network.start("b")
        let refused = try await a.log.wait("the refusal") { lines in
            lines.contains { $0.level == .warning && $0.message == "a peer's stream is refused" }
        }
        #expect(refused.contains { $0.reason.contains("'b' is no member that this node knows") })
        try await b.log.wait("the refusal at b") { lines in
            lines.contains { $0.level == .warning && $0.message == "the peer refuses this node" }
        }
        #expect(b.record.value.events.isEmpty)
        try await a.stop()
        try await b.stop()
        try await network.close()
    }

    @Test("A node is refused under this node's own name, or where another was called")
    func names() throws {
        let a = Member(name: "a", address: "")
        let b = Member(name: "b", address: "")
        let own = PeerHello(cluster: "test", nodeName: "a")
        let admission = Admission(own: own)
        admission.expect([a, b])
        #expect(throws: Refusal(.wrongNode, "it has this node's own name, 'a'")) { try admission.check(own) }
        let other = PeerHello(cluster: "test", nodeName: "b")
        try admission.check(other, expected: b)
        let c = Member(name: "c", address: "")
        #expect(throws: Refusal(.wrongNode, "node 'b' answers where 'c' should")) {
            try admission.check(other, expected: c)
        }
    }

    @Test("A node that joins is admitted though nobody knows it")
    func joiningUnknown() throws {
        let admission = Admission(own: PeerHello(cluster: "test", nodeName: "a", layoutVersion: 1))
        var other = PeerHello(cluster: "test", nodeName: "b", layoutVersion: 0)
        try admission.check(other)
        other.layoutVersion = 1
        #expect { try admission.check(other) } throws: { ($0 as? Refusal)?.cause == .unknownNode }
    }

    @Test("A node that joins has no part in how the cluster began")
    func joining() throws {
        var own = PeerHello(cluster: "test", nodeName: "a", layoutVersion: 1, layoutDigest: 7)
        var other = PeerHello(cluster: "test", nodeName: "b", layoutVersion: 0, layoutDigest: 8)
        for _ in 1...2 {
            let admission = Admission(own: own)
            admission.expect([Member(name: "a", address: ""), Member(name: "b", address: "")])
            try admission.check(other)
            swap(&own, &other)
        }
    }

    @Test("What is no hello is refused, however long")
    func malformed() {
        let admission = Admission(own: PeerHello(cluster: "test", nodeName: "a"))
        for bytes in [
            [], [1, 2, 3], Array(repeating: UInt8(7), count: 100), Array(repeating: 0, count: 5_000),
        ] {
            #expect { try admission.decode(bytes) } throws: { ($0 as? Refusal)?.cause == .malformedHello }
        }
    }

    @Test("Long names are cut in what is logged and sent back")
    func longNames() {
        let admission = Admission(own: PeerHello(cluster: "test", nodeName: "a"))
        let hello = PeerHello(cluster: String(repeating: "x", count: 3_000), nodeName: "b")
        #expect { try admission.check(hello) } throws: { ($0 as? Refusal)!.reason.count < 200 }
    }

    @Test("With certificates, a node speaks under the name in its own and under no other")
    func proof() throws {
        let admission = Admission(own: PeerHello(cluster: "test", nodeName: "a"), requiresProof: true)
        admission.expect([Member(name: "b", address: "b:1"), Member(name: "c", address: "c:1")])
        let hello = PeerHello(cluster: "test", nodeName: "b")
        func identity(
            _ name: String, cluster: String = "test", role: CertificateIdentity.Role = .node
        ) -> CertificateIdentity { CertificateIdentity(cluster: cluster, role: role, name: name) }
        try admission.check(hello, proven: identity("b"))
        let others = [
            identity("c"), identity("B"), identity("b", cluster: "other"), identity("b", role: .client), nil,
        ]
        for proven in others {
            #expect { try admission.check(hello, proven: proven) } throws: {
                ($0 as? Refusal)?.cause == .certificate
            }
        }
        // Where nothing is asked for, nothing is needed.
        let open = Admission(own: PeerHello(cluster: "test", nodeName: "a"))
        open.expect([Member(name: "b", address: "b:1")])
        try open.check(hello)
    }
}
