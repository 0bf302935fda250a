import Cluster
import ClusterCore
import Logging
import NIOCore
import Synchronization

/// The contract of `GRPCPeerTransport` without sockets, for tests of a cluster in one process.
///
/// Queues are bounded, batches are joined while the receiver is busy, and hellos are checked as over gRPC. The handler
/// is called on the event loop that the transport is given.
public final class InProcessPeerTransport: PeerTransport {
    let id: NodeID
    let hello: PeerHello
    let admission: Admission
    let handler: any PeerHandler
    let executor: LoopExecutor
    let maxBatchBytes: Int
    let maxQueuedBytes: Int
    let logger: Logger
    private let network: InProcessNetwork
    private let members: Mutex<[NodeID: Member]>
    private let outboxes = Mutex<[NodeID: Outbox]>([:])

    /// - Parameters:
    ///   - hello: What the node says of itself, its `maxBatchBytes` included.
    ///   - members: All nodes of the cluster; addresses don't matter.
    ///   - maxBatchBytes: The longest batch that is sent or accepted; `hello.maxBatchBytes` if nil.
    ///   - maxQueuedBytes: What may wait for one peer, each way.
    public init(
        network: InProcessNetwork, hello: PeerHello, members: [Member], maxBatchBytes: Int? = nil,
        maxQueuedBytes: Int = 64 << 20, handler: any PeerHandler, eventLoop: any EventLoop, logger: Logger
    ) {
        id = NodeID(name: hello.nodeName)
        self.network = network
        self.hello = hello
        self.handler = handler
        self.maxBatchBytes = maxBatchBytes ?? Int(hello.maxBatchBytes)
        self.maxQueuedBytes = maxQueuedBytes
        self.logger = logger
        self.members = Mutex(Dictionary(uniqueKeysWithValues: members.map { ($0.id, $0) }))
        admission = Admission(own: hello)
        admission.expect(members)
        executor = LoopExecutor(eventLoop)
    }

    public func send(_ batch: [UInt8], to peer: NodeID) -> SendOutcome {
        outboxes.withLock { $0[peer] }?.send(batch) ?? .notConnected
    }

    public func update(peers: [Member]) {
        members.withLock { $0 = Dictionary(peers.map { ($0.id, $0) }) { first, _ in first } }
        admission.expect(peers)
        network.membersChanged()
    }

    /// Takes part in the network until the task is cancelled. No call to the handler follows its return.
    public func run() async {
        network.join(self)
        let (cancellation, continuation) = AsyncStream<Never>.makeStream()
        for await _ in cancellation {}
        continuation.finish()
        for task in network.leave(self) { await task.value }
    }

    // MARK: For the streams

    func member(_ id: NodeID) -> Member? { members.withLock { $0[id] } }

    func connect(_ outbox: Outbox, to peer: NodeID) {
        outboxes.withLock { $0[peer] = outbox }
    }

    func disconnect(_ peer: NodeID) {
        outboxes.withLock { _ = $0.removeValue(forKey: peer) }
    }
}
