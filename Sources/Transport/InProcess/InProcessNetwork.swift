import ClusterCore
import Synchronization

/// Connects the nodes of one process: what a network is to `GRPCPeerTransport`, with links that a test cuts and heals.
///
/// Nodes join by running their `InProcessPeerTransport`. Any two that have joined, and list each other as members,
/// have a stream each way unless the link between them is cut.
public final class InProcessNetwork: Sendable {
    /// A stream from the caller to the node it calls.
    struct Direction: Hashable {
        var caller: NodeID
        var callee: NodeID
    }

    fileprivate struct State {
        var nodes: [NodeID: InProcessPeerTransport] = [:]
        /// Both directions of each cut link.
        var cuts: Set<Direction> = []
        /// A stream that was refused stays here, so that it isn't tried again before something changes.
        var streams: [Direction: InProcessStream] = [:]
        /// The end of the last stream of a direction: the next one starts after it.
        var endings: [Direction: Task<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// Breaks the streams between `a` and `b`, with what is queued on them; there are none until `heal`.
    ///
    /// Any thread. A delivery that has begun may finish meanwhile; none begins after.
    public func cut(_ a: NodeID, _ b: NodeID) {
        update(reason: "the link is cut") { state in
            state.cuts.insert(Direction(caller: a, callee: b))
            state.cuts.insert(Direction(caller: b, callee: a))
        }
    }

    /// Undoes `cut`. Any thread.
    public func heal(_ a: NodeID, _ b: NodeID) {
        update(reason: "") { state in
            state.cuts.remove(Direction(caller: a, callee: b))
            state.cuts.remove(Direction(caller: b, callee: a))
        }
    }

    // MARK: For the transports

    func join(_ node: InProcessPeerTransport) {
        update(reason: "") { state in
            precondition(state.nodes[node.id] == nil, "a node of this name has joined already")
            state.nodes[node.id] = node
        }
    }

    /// Ends the node's streams. Returns what to wait for until none of them calls its handler any more.
    func leave(_ node: InProcessPeerTransport) -> [Task<Void, Never>] {
        update(reason: "the node has stopped") { $0.nodes[node.id] = nil }.flatMap { stream in
            stream.tasks(of: node.id)
        }
    }

    /// A node talks to others than before; what was refused is tried again.
    func membersChanged() {
        update(reason: "it is no member any more") { state in
            state.streams = state.streams.filter { !$0.value.hasEnded }
        }
    }

    /// `stream` has ended by itself: the next one takes its place.
    func ended(_ stream: InProcessStream) {
        update(reason: "") { state in
            if state.streams[stream.direction] === stream { state.streams[stream.direction] = nil }
        }
    }

    /// Changes what there is and lets the streams follow. Returns the streams that were ended.
    @discardableResult
    private func update(reason: String, _ change: (inout State) -> Void) -> [InProcessStream] {
        let ended = state.withLock { state in
            change(&state)
            let ended = state.streams.values.filter { !state.allows($0.direction) }
            for stream in ended { state.streams[stream.direction] = nil }
            state.startMissing(in: self)
            return ended
        }
        for stream in ended { stream.end(reason) }
        return ended
    }
}

extension InProcessNetwork.State {
    fileprivate func allows(_ direction: InProcessNetwork.Direction) -> Bool {
        !cuts.contains(direction) && nodes[direction.callee] != nil
            && nodes[direction.caller]?.member(direction.callee) != nil
    }

    fileprivate mutating func startMissing(in network: InProcessNetwork) {
        for caller in nodes.values {
            for callee in nodes.values where callee.id != caller.id {
                let direction = InProcessNetwork.Direction(caller: caller.id, callee: callee.id)
                guard streams[direction] == nil, allows(direction) else { continue }
                let stream = InProcessStream(from: caller, to: callee, in: network)
                streams[direction] = stream
                endings[direction] = stream.start(after: endings[direction])
            }
        }
    }
}
