import Cluster
import ClusterCore
import Engine
import Testing

/// Keeps what a node answers to a peer.
private final class Answers: PeerReplyPath {
    private let whenAnswered: @Sendable (PeerReply) -> Void

    init(whenAnswered: @escaping @Sendable (PeerReply) -> Void) { self.whenAnswered = whenAnswered }

    func send(_ batch: [UInt8]) -> SendOutcome {
        do throws(CodecError) {
            try PeerCodec.decodeReplies(batch) { whenAnswered($0.body) }
        } catch {
            Issue.record("a batch that cannot be decoded: \(error)")
        }
        return .accepted
    }
}

/// A replica that has what the asking one has need not send it.
@Suite("The same state")
struct SameStateTests {
    private static let bucket = "b"
    private static let key = Array("k".utf8)

    private func ask(_ cluster: TestCluster, unless hash: UInt64) async -> PeerReply {
        let layout = cluster.nodes[1].node.configuration.layout
        let key = StorageKey(bucket: Self.bucket, key: Self.key, partitionCount: layout.partitionCount)
        var writer = ByteWriter()
        let message = PeerRequestMessage(
            id: 256, timeoutMillis: 1_000,
            epoch: cluster.nodes[1].node.layouts.view(for: cluster.nodes[0].id).epoch,
            body: .getUnlessSame(key, hash: hash))
        PeerCodec.append(message, to: &writer)
        let batch = writer.bytes
        return await withCheckedContinuation { done in
            let answers = Answers { done.resume(returning: $0) }
            cluster.nodes[1].node.received(requests: batch, from: cluster.nodes[0].id, replies: answers)
        }
    }

    private func storedHash(_ node: TestCluster.TestNode) async throws -> UInt64 {
        let layout = node.node.configuration.layout
        let key = StorageKey(bucket: Self.bucket, key: Self.key, partitionCount: layout.partitionCount)
        let stored = try await node.executor.read { (engine) throws(EngineError) in
            try engine.get(.data, key.bytes)
        }
        return RowChange.hash(of: key, state: try #require(stored))
    }

    @Test("is not sent; another is")
    func isNotSent() async throws {
        try await TestCluster.with(nodes: 3) { cluster in
            let put = PutRequest(
                bucket: Self.bucket, key: Self.key, content: .value([1], contentType: ""),
                quorum: QuorumOverrides(w: 3))
            guard case .written = await cluster.nodes[0].serve(.put(put)) else {
                Issue.record("the put failed")
                return
            }
            let hash = try await storedHash(cluster.nodes[0])
            #expect(await ask(cluster, unless: hash) == .same)
            let stored = try #require(try await cluster.nodes[1].replica(Self.bucket, "k"))
            #expect(await ask(cluster, unless: hash &+ 1) == .versions(stored))
            for r in 1...3 { #expect(try await cluster.nodes[2].get("k", r: r).siblings.count == 1) }
        }
    }
}
