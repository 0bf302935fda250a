import Cluster
import ClusterCore
import Instruments
import Logging
import NIOPosix
import Synchronization

/// The links to all peers, whose number and addresses change while the node runs.
final class PeerLinks: Sendable {
    private struct State {
        /// Whom to have a link to.
        var members: [NodeID: Member] = [:]
        /// Those that run; one that is to end stays until it has, so that its successor begins after it.
        var links: [NodeID: PeerLink] = [:]
        /// Runs what is added.
        var start: AsyncStream<PeerLink>.Continuation?
        var isStopping = false
    }

    private let configuration: GRPCPeerTransport.Configuration
    private let admission: Admission
    private let handler: any PeerHandler
    private let group: MultiThreadedEventLoopGroup
    private let meters: Meters
    private let logger: Logger
    private let state = Mutex(State())

    /// What the links of all peers count by.
    struct Meters: Sendable {
        var requests: OutboxMeter
        var link: LinkMeter

        init(_ registry: MetricRegistry) {
            requests = OutboxMeter(registry, kind: "requests")
            link = LinkMeter(registry)
        }
    }

    init(
        configuration: GRPCPeerTransport.Configuration, admission: Admission, handler: any PeerHandler,
        group: MultiThreadedEventLoopGroup, metrics: MetricRegistry, logger: Logger
    ) {
        meters = Meters(metrics)
        self.configuration = configuration
        self.admission = admission
        self.handler = handler
        self.group = group
        self.logger = logger
        update(configuration.members)
    }

    func send(_ batch: [UInt8], to peer: NodeID) -> SendOutcome {
        state.withLock { $0.links[peer] }?.send(batch) ?? .notConnected
    }

    /// What waits for each peer's stream. Any thread.
    var queuedBytes: [Int] { state.withLock { Array($0.links.values) }.map(\.queuedBytes) }

    /// The peer is known to be up.
    func retryNow(_ peer: NodeID) { state.withLock { $0.links[peer] }?.retryNow() }

    /// Has a link to each of `members`, at its present address, and to no other node.
    func update(_ members: [Member]) {
        let others = members.filter { $0.name != configuration.hello.nodeName }
        admission.expect(others)
        let (moved, gone) = state.withLock { state in
            state.members = Dictionary(others.map { ($0.id, $0) }) { first, _ in first }
            for member in others where state.links[member.id] == nil { add(member, to: &state) }
            let gone = state.links.filter { state.members[$0.key] == nil }.map(\.value)
            let moved = state.links.compactMap { id, link in
                state.members[id].map { (link: link, member: $0) }
            }
            return (moved, gone)
        }
        for (link, member) in moved { link.move(to: member) }
        for link in gone { link.stop() }
    }

    private func add(_ member: Member, to state: inout State) {
        guard !state.isStopping else { return }
        let link = PeerLink(
            to: member, configuration: configuration, admission: admission, handler: handler,
            loop: group.next(), meters: meters, logger: logger)
        state.links[member.id] = link
        state.start?.yield(link)
    }

    /// Connects until `stop`.
    func run() async {
        let (links, start) = AsyncStream<PeerLink>.makeStream()
        state.withLock { state in
            for link in state.links.values { start.yield(link) }
            if state.isStopping { start.finish() } else { state.start = start }
        }
        await withDiscardingTaskGroup { group in
            for await link in links {
                group.addTask {
                    await link.run()
                    self.ended(link)
                }
            }
        }
    }

    /// A peer that went and came back has a new link once the old one has ended.
    private func ended(_ link: PeerLink) {
        state.withLock { state in
            guard let id = state.links.first(where: { $0.value === link })?.key else { return }
            state.links[id] = nil
            if let member = state.members[id] { add(member, to: &state) }
        }
    }

    /// Ends all links in good order, and with them `run`.
    func stop() {
        let (links, start) = state.withLock { state in
            state.isStopping = true
            return (Array(state.links.values), state.start.take())
        }
        for link in links { link.stop() }
        start?.finish()
    }
}
