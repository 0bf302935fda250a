import ClusterCore
import Synchronization
import TLS

/// Why a stream was not taken, or was ended, by one of its two nodes.
struct Refusal: Error, Equatable, CustomStringConvertible {
    enum Cause: Equatable {
        case malformedHello
        case protocolVersion
        case cluster
        case unknownNode
        case wrongNode
        case layout
        case batchTooLarge
        case helloTimedOut
        case certificate
    }

    var cause: Cause
    /// For a person: what was found and what was expected.
    var reason: String

    init(_ cause: Cause, _ reason: String) {
        self.cause = cause
        self.reason = reason
    }

    var description: String { reason }
}

/// Which nodes a node talks to, by what they say of themselves.
final class Admission: Sendable {
    private let own: PeerHello
    /// Whether others have to prove by a certificate that they are who they say.
    private let requiresProof: Bool
    private let names = Mutex<Set<String>>([])

    init(own: PeerHello, requiresProof: Bool = false) {
        self.own = own
        self.requiresProof = requiresProof
    }

    /// From now on, these nodes are talked to.
    func expect(_ members: [Member]) { names.withLock { $0 = Set(members.map(\.name)) } }

    /// Far above any real hello, far below what would hurt.
    static let maxHelloBytes = 4096

    /// Reads the first message of a stream.
    func decode(_ bytes: [UInt8]) throws(Refusal) -> PeerHello {
        guard bytes.count <= Self.maxHelloBytes else {
            throw Refusal(
                .malformedHello, "its first message of \(bytes.count) bytes is too long for a hello")
        }
        do {
            return try PeerHello.decode(bytes)
        } catch {
            throw Refusal(.malformedHello, "its first message is not a hello that this node reads (\(error))")
        }
    }

    /// Checks what `hello` claims against what this node is and knows.
    ///
    /// - Parameters:
    ///   - expected: The node that was called; nil for a stream that came in.
    ///   - proven: Who the other is by its certificate; nil without TLS.
    func check(
        _ hello: PeerHello, expected: Member? = nil, proven: CertificateIdentity? = nil
    ) throws(Refusal) {
        guard hello.cluster == own.cluster else {
            throw Refusal(
                .cluster, "it is of cluster '\(hello.cluster.shortened)', this node of '\(own.cluster)'")
        }
        try checkProof(of: hello, proven)
        guard hello.protocolVersion == own.protocolVersion else {
            throw Refusal(
                .protocolVersion,
                "it speaks protocol version \(hello.protocolVersion), this node \(own.protocolVersion)")
        }
        guard hello.nodeName != own.nodeName else {
            throw Refusal(.wrongNode, "it has this node's own name, '\(own.nodeName)'")
        }
        // One that joins, which says version 0, makes itself known by gossip.
        guard hello.layoutVersion == 0 || names.withLock({ $0.contains(hello.nodeName) }) else {
            throw Refusal(
                .unknownNode, "node '\(hello.nodeName.shortened)' is no member that this node knows")
        }
        if let expected, expected.name != hello.nodeName {
            throw Refusal(
                .wrongNode, "node '\(hello.nodeName.shortened)' answers where '\(expected.name)' should")
        }
        // A node that joins says version 0: it has no part in how the cluster began.
        let begins = [hello, own].allSatisfy { $0.layoutVersion > 0 }
        guard !begins || (hello.layoutVersion, hello.layoutDigest) == (own.layoutVersion, own.layoutDigest)
        else {
            throw Refusal(
                .layout,
                "its layout (\(hello.layoutText)) is not this node's (\(own.layoutText)): "
                    + "partitions, replication factor or members differ")
        }
    }

    /// A node speaks under the name in its certificate, and under no other.
    private func checkProof(of hello: PeerHello, _ proven: CertificateIdentity?) throws(Refusal) {
        guard requiresProof else { return }
        let claimed = CertificateIdentity(cluster: hello.cluster, role: .node, name: hello.nodeName)
        guard proven == claimed else {
            throw Refusal(
                .certificate,
                "it says it is node '\(hello.nodeName.shortened)', but its certificate is that of "
                    + (proven.map { "\($0.role.rawValue) '\($0.name.shortened)'" } ?? "nobody"))
        }
    }

    /// Checks the length of a batch that has come in.
    func checkLength(_ bytes: Int, limit: Int) throws(Refusal) {
        guard bytes <= limit else {
            throw Refusal(.batchTooLarge, "it has sent a batch of \(bytes) bytes, over the limit of \(limit)")
        }
    }

    /// How long a batch to the sender of `hello` may be: what both ends accept.
    func batchLimit(with hello: PeerHello, maxBatchBytes: Int) -> Int {
        min(maxBatchBytes, Int(hello.maxBatchBytes))
    }
}

extension PeerHello {
    fileprivate var layoutText: String {
        "version \(layoutVersion), digest \(String(layoutDigest, radix: 16))"
    }
}

extension String {
    /// Fit for a log line, however long the name that a stranger sent.
    var shortened: String { count <= 64 ? self : prefix(64) + "…" }
}
