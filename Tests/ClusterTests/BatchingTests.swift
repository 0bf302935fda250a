import Cluster
import ClusterCore
import Engine
import NIOCore
import Synchronization
import Testing

/// Counts what a node sends to others.
private final class CountingTransport: PeerTransport {
    private let inner: any PeerTransport
    private let counts = Mutex((batches: 0, requests: 0))

    init(_ inner: any PeerTransport) { self.inner = inner }

    /// Batches that ask for the reading or writing of a key, and how many such requests are in them.
    var sent: (batches: Int, requests: Int) { counts.withLock { $0 } }

    func send(_ batch: [UInt8], to peer: NodeID) -> SendOutcome {
        var requests = 0
        do throws(CodecError) {
            try PeerCodec.decodeRequests(batch) { if $0.body.isOfClients { requests += 1 } }
        } catch {
            Issue.record("a batch that cannot be decoded: \(error)")
        }
        if requests > 0 {
            counts.withLock {
                $0.batches += 1
                $0.requests += requests
            }
        }
        return inner.send(batch, to: peer)
    }

    func update(peers: [Member]) { inner.update(peers: peers) }
}

extension PeerRequest {
    fileprivate var isOfClients: Bool {
        switch self {
        case .get, .getUnlessSame, .put: true
        default: false
        }
    }
}

/// Requests that come together are carried out together: the pipeline of a client, or the clients of one tick.
@Suite("Batches")
struct BatchingTests {
    private static let count = 64

    /// Submits what `make` gives in one tick of the first node's loop, and checks what it cost.
    private func serveTogether(
        _ cluster: TestCluster, _ transport: CountingTransport, _ make: @escaping @Sendable (Int) -> Request
    ) async throws -> (jobs: [Int], sent: (batches: Int, requests: Int)) {
        let node = cluster.nodes[0]
        let before = cluster.nodes.map(\.executor.statistics.committedJobs)
        let sentBefore = transport.sent
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            let left = Mutex(Self.count)
            node.loop.execute {
                for index in 0..<Self.count {
                    node.node.submit(make(index), from: .grpc) { response in
                        if case .failed(let error) = response { Issue.record("\(error)") }
                        let isLast = left.withLock {
                            $0 -= 1
                            return $0 == 0
                        }
                        if isLast { done.resume() }
                    }
                }
            }
        }
        let sent = transport.sent
        return (
            zip(cluster.nodes, before).map { $0.executor.statistics.committedJobs - $1 },
            (sent.batches - sentBefore.batches, sent.requests - sentBefore.requests)
        )
    }

    @Test("what is asked for in one tick is one job for the engine and one batch for each peer")
    func oneTick() async throws {
        let transports = Mutex<[CountingTransport]>([])
        let cluster = try await TestCluster(
            nodes: 3, loops: 1,
            through: { transport in
                let counting = CountingTransport(transport)
                transports.withLock { $0.append(counting) }
                return counting
            })
        try await cluster.whileRunning {
            let transport = transports.withLock { $0[0] }
            let puts = try await serveTogether(cluster, transport) { index in
                // All three are to have it, so that none is at work when they are counted.
                .put(
                    PutRequest(
                        bucket: "b", key: [UInt8(index)], content: .value([1], contentType: ""),
                        quorum: QuorumOverrides(w: 3)))
            }
            #expect(puts.sent.batches == 2 && puts.sent.requests == 2 * Self.count)
            // One, and what a node may note of itself in the same moment.
            #expect(puts.jobs.allSatisfy { (1...3).contains($0) }, "\(puts.jobs)")
            let gets = try await serveTogether(cluster, transport) { index in
                .get(GetRequest(bucket: "b", key: [UInt8(index)], quorum: QuorumOverrides(r: 3)))
            }
            #expect(gets.sent.batches == 2 && gets.sent.requests == 2 * Self.count)
        }
    }
}
