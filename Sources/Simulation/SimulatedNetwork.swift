import Cluster
import ClusterCore

/// The streams between the nodes, and what may happen to them.
///
/// A stream carries batches in order, as TCP does, until it breaks; then what is under way is lost, and the caller is
/// told. A path on which nothing comes through holds back the streams that need it, and breaks them when their keepalive
/// runs out. Beyond what a stream may do, batches can come out of order, or twice: between replicas nothing relies on the
/// opposite. A client's request that a node forwards does; it is executed as often as it comes, so it comes once.
final class SimulatedNetwork {
    struct Path: Hashable, Comparable {
        var from: NodeID
        var to: NodeID

        var reversed: Path { Path(from: to, to: from) }

        static func < (a: Path, b: Path) -> Bool { (a.from, a.to) < (b.from, b.to) }
    }

    /// The chances that a batch is delivered twice, or ahead of its turn.
    struct Disorder {
        var duplication = 0.0
        var reordering = 0.0
    }

    let scheduler: Scheduler
    let trace: Trace
    var disorder = Disorder()
    /// Microseconds that a batch is under way.
    var latency: ClosedRange<UInt64> = 100...3_000
    /// Microseconds after which a silent stream breaks.
    private let keepalive: ClosedRange<UInt64> = 2_000_000...4_000_000
    private var blocked: Set<Path> = []
    private var nodes: [NodeID: SimulatedTransport] = [:]
    private var streams: [Path: SimulatedStream] = [:]

    init(_ scheduler: Scheduler, _ trace: Trace) {
        self.scheduler = scheduler
        self.trace = trace
    }

    // MARK: Nodes

    /// A node runs: it calls every other node, and can be called.
    func join(_ node: SimulatedTransport, peers: [NodeID]) {
        nodes[node.id] = node
        for peer in peers where peer != node.id { call(Path(from: node.id, to: peer), node.life) }
    }

    /// A node's run has ended. What its machine had taken for sending still goes out, up to some point, unless the power
    /// is gone too; who called it hears of it at once, or from the keepalive.
    func leave(_ id: NodeID, withPower: Bool) {
        nodes[id] = nil
        for path in streams.keys.sorted() where path.from == id || path.to == id {
            guard let stream = streams.removeValue(forKey: path) else { continue }
            stream.senderDied(id, flushes: withPower, scheduler)
            guard path.to == id else { continue }
            let notice =
                withPower ? scheduler.delay(micros: 100...20_000) : scheduler.delay(micros: keepalive)
            tellBroken(stream, after: notice)
        }
    }

    // MARK: Faults

    /// Nothing comes through on `path` from now on.
    func block(_ path: Path) {
        guard blocked.insert(path).inserted else { return }
        scheduler.after(scheduler.delay(micros: keepalive)) { [self] in
            guard blocked.contains(path) else { return }
            for victim in [path, path.reversed] { breakStream(victim) }
        }
    }

    func unblock(_ path: Path) { blocked.remove(path) }

    func unblockAll() { blocked = [] }

    var blockedPaths: [Path] { blocked.sorted() }

    private func passes(_ path: Path) -> Bool { !blocked.contains(path) }

    // MARK: Streams

    private func call(_ path: Path, _ life: Life) {
        scheduler.after(scheduler.delay(micros: 1_000...20_000), life: life) { [self] in
            guard let caller = nodes[path.from], let callee = nodes[path.to], passes(path),
                passes(path.reversed)
            else { return scheduler.after(.milliseconds(100), life: life) { [self] in call(path, life) } }
            let stream = SimulatedStream(path)
            streams[path] = stream
            trace("\(caller.name) connected to \(callee.name)")
            caller.handler?.connected(path.to, callee.hello)
        }
    }

    private func breakStream(_ path: Path) {
        guard let stream = streams.removeValue(forKey: path) else { return }
        tellBroken(stream, after: 0)
    }

    private func tellBroken(_ stream: SimulatedStream, after delay: UInt64) {
        stream.isBroken = true
        guard let caller = nodes[stream.path.from] else { return }
        scheduler.after(delay, life: caller.life) { [self] in
            trace("\(caller.name) lost its stream")
            caller.handler?.disconnected(stream.path.to, reason: "simulated")
            call(stream.path, caller.life)
        }
    }

    func send(_ batch: [UInt8], on path: Path) -> SendOutcome {
        guard let stream = streams[path] else { return .notConnected }
        return carry(batch, on: stream, isReply: false)
    }

    fileprivate func reply(_ batch: [UInt8], on stream: SimulatedStream) -> SendOutcome {
        stream.isBroken ? .notConnected : carry(batch, on: stream, isReply: true)
    }

    private func carry(_ batch: [UInt8], on stream: SimulatedStream, isReply: Bool) -> SendOutcome {
        guard stream.queued < SimulatedStream.maxQueuedBytes else { return .full }
        let packet = SimulatedStream.Packet(batch: batch, isReply: isReply)
        stream.queued += batch.count
        var due = scheduler.now + scheduler.delay(micros: latency)
        packet.mayOvertake = scheduler.happens(disorder.reordering)
        if !packet.mayOvertake {
            due = max(due, stream.lastDue[isReply ? 1 : 0] + 1)
            stream.lastDue[isReply ? 1 : 0] = due
        }
        stream.packets.append(packet)
        deliver(packet, on: stream, at: due)
        return .accepted
    }

    private func deliver(_ packet: SimulatedStream.Packet, on stream: SimulatedStream, at due: UInt64) {
        scheduler.after(due - scheduler.now) { [self] in
            if packet.isLost || stream.isBroken && !packet.isOnItsOwn { return }
            let way = packet.isReply ? stream.path.reversed : stream.path
            guard passes(way) else {
                // It is sent again and again until the path is free or the stream breaks, and all behind it wait.
                return deliver(packet, on: stream, at: scheduler.now + .milliseconds(50))
            }
            guard packet.mayOvertake || stream.isNext(packet) else {
                return deliver(packet, on: stream, at: scheduler.now + .milliseconds(1))
            }
            stream.packets.removeAll { $0 === packet }
            stream.queued -= packet.batch.count
            arrive(packet, on: stream)
            if scheduler.happens(disorder.duplication), packet.isReply || !Self.forwards(packet.batch) {
                scheduler.after(scheduler.delay(micros: latency)) { [self] in
                    if !stream.isBroken { arrive(packet, on: stream) }
                }
            }
        }
    }

    private static func forwards(_ batch: [UInt8]) -> Bool {
        var found = false
        do throws(CodecError) {
            try PeerCodec.decodeRequests(batch) { (message) throws(CodecError) in
                if case .forward = message.body { found = true }
            }
        } catch {
            preconditionFailure("a node sends what cannot be decoded: \(error)")
        }
        return found
    }

    private func arrive(_ packet: SimulatedStream.Packet, on stream: SimulatedStream) {
        let receiver = nodes[packet.isReply ? stream.path.from : stream.path.to]
        guard let handler = receiver?.handler else { return }
        if packet.isReply {
            handler.received(replies: packet.batch, from: stream.path.to)
        } else {
            handler.received(
                requests: packet.batch, from: stream.path.from, replies: ReplyPath(stream, self))
        }
    }

    private final class ReplyPath: PeerReplyPath, @unchecked Sendable {
        // @unchecked: a simulation runs on one thread.
        private let stream: SimulatedStream
        private let network: SimulatedNetwork

        init(_ stream: SimulatedStream, _ network: SimulatedNetwork) {
            self.stream = stream
            self.network = network
        }

        func send(_ batch: [UInt8]) -> SendOutcome { network.reply(batch, on: stream) }
    }
}

/// One stream between two nodes, from its beginning to its break.
final class SimulatedStream {
    final class Packet {
        let batch: [UInt8]
        let isReply: Bool
        var isLost = false
        var mayOvertake = false
        /// Sent by a machine whose process has ended: it arrives though the stream is broken.
        var isOnItsOwn = false

        init(batch: [UInt8], isReply: Bool) {
            self.batch = batch
            self.isReply = isReply
        }
    }

    static let maxQueuedBytes = 4 << 20

    let path: SimulatedNetwork.Path
    var isBroken = false
    /// Under way, in the order in which they were sent.
    var packets: [Packet] = []
    var queued = 0
    /// When the last request, and the last reply, is due.
    var lastDue: [UInt64] = [0, 0]

    init(_ path: SimulatedNetwork.Path) { self.path = path }

    /// Whether no packet that was sent before is still under way in the same direction.
    fileprivate func isNext(_ packet: Packet) -> Bool {
        packets.first { $0.isReply == packet.isReply && !$0.isLost } === packet
    }

    /// Of what `node` had under way, only the beginning goes on, or nothing.
    fileprivate func senderDied(_ node: NodeID, flushes: Bool, _ scheduler: Scheduler) {
        isBroken = true
        let own = packets.filter { $0.isReply == (path.to == node) }
        let kept = flushes ? scheduler.number(below: own.count + 1) : 0
        for (index, packet) in own.enumerated() {
            packet.isLost = index >= kept
            packet.isOnItsOwn = index < kept
        }
    }
}

/// A node's end of the network, for one run of it.
final class SimulatedTransport: PeerTransport, @unchecked Sendable {
    // @unchecked: a simulation runs on one thread.

    let id: NodeID
    let name: String
    let life: Life
    let hello: PeerHello
    private(set) weak var handler: (any PeerHandler)?
    private let network: SimulatedNetwork

    init(_ network: SimulatedNetwork, hello: PeerHello, life: Life, handler: any PeerHandler) {
        id = NodeID(name: hello.nodeName)
        name = hello.nodeName
        self.network = network
        self.hello = hello
        self.life = life
        self.handler = handler
    }

    func send(_ batch: [UInt8], to peer: NodeID) -> SendOutcome {
        network.send(batch, on: .init(from: id, to: peer))
    }

    /// Every node of a simulation talks to every other, so that it is the nodes that must tell members from others.
    func update(peers: [Member]) {}
}
