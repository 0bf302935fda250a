import ClusterCore
import Engine
import LogLimits
import Logging
import NIOCore
import Synchronization

/// Performs what a `Reaper` decides. Lives on the first shard's event loop; all times are that loop's.
final class ReapDriver: @unchecked Sendable {
    // @unchecked: what changes is touched only on the shard's loop.

    private let shard: Shard
    private let configuration: ReapingConfiguration
    private let logger: Logger
    private var reaper: Reaper
    private var isStopped = true
    /// The reaper's, for other threads.
    private let published = Mutex(ReaperStatus())

    init(shard: Shard, logger: Logger) {
        self.shard = shard
        self.logger = logger
        configuration = shard.context.configuration.reaping
        reaper = Reaper(
            node: shard.context.selfID, limits: configuration.limits,
            seed: shard.context.environment.randomIdentifier())
    }

    // MARK: Events

    func start() {
        isStopped = false
        use(shard.view)
        step { $0.start(now: $1, &$2) }
    }

    /// Begins nothing more.
    func stop() { isStopped = true }

    /// The layout has changed.
    func use(_ view: LocalView) {
        reaper.viewChanged(view.layout.sweptPartitions(of: shard.context.selfID))
    }

    func connected(_ peer: NodeID) { reaper.peerUp(peer) }

    func disconnected(_ peer: NodeID) { step { $0.peerDown(peer, now: $1, &$2) } }

    /// Any thread.
    var status: ReaperStatus { published.withLock { $0 } }

    // MARK: Steps

    private var now: UInt64 { shard.loop.now.uptimeNanoseconds / 1_000_000 }

    private func step(_ event: (inout Reaper, UInt64, inout [Reaper.Action]) -> Void) {
        var actions: [Reaper.Action] = []
        event(&reaper, now, &actions)
        let before = published.withLock { published in
            defer { published = reaper.status }
            return published
        }
        if reaper.status.sweeps > before.sweeps { noteSweep() }
        if isStopped { return }
        for action in actions { perform(action) }
    }

    private func noteSweep() {
        logger.debug(
            "a sweep for what is deleted or has expired is over",
            metadata: [
                "removed": "\(reaper.status.removed)", "unconfirmed": "\(reaper.status.unconfirmed)",
            ])
    }

    private func perform(_ action: Reaper.Action) {
        switch action {
        case .scan(let partition, let after): scan(partition, after)
        case .confirm(let dead, let replica): confirm(dead, replica)
        case .remove(let dead, let replica): remove(dead, replica)
        case .wake(let time):
            shard.loop.scheduleTask(in: .milliseconds(Int64(time - min(time, now)))) { [self] in
                if !isStopped { step { $0.tick(now: $1, &$2) } }
            }
        }
    }

    private func scan(_ partition: Int, _ after: StorageKey?) {
        shard.context.replica.deadRows(
            of: partition, after: after, limits: configuration.limits,
            now: shard.context.environment.wallMillis()
        ) { [self] result in
            shard.loop.execute { [self] in
                switch result {
                case .success(let page):
                    step {
                        $0.scanned(page.candidates, bytes: page.bytes, upTo: page.upTo, now: $1, &$2)
                    }
                case .failure(let error):
                    let level: Logger.Level = error.code == .overloaded ? .debug : .error
                    shard.context.limited.log(
                        level, "a partition cannot be swept for now",
                        metadata: ["partition": "\(partition)", "error": "\(error)"])
                    step { $0.scanFailed(now: $1, &$2) }
                }
            }
        }
    }

    private func confirm(_ dead: DeadRows, _ replica: NodeID) {
        if replica == shard.context.selfID {
            let wall = shard.context.environment.wallMillis()
            return shard.context.replica.confirm(dead, now: wall) { [self] result in
                shard.loop.execute { [self] in answered(result.reply, by: replica) }
            }
        }
        ask(.confirm(dead), of: replica) { [self] in answered($0, by: replica) }
    }

    private func answered(_ reply: PeerReply, by replica: NodeID) {
        step {
            if case .confirmed(let rows) = reply {
                $0.answered(rows, by: replica, now: $1, &$2)
            } else {
                $0.askFailed(replica, now: $1, &$2)
            }
        }
    }

    /// Where it fails, anti-entropy finds what is left.
    private func remove(_ dead: DeadRows, _ replica: NodeID) {
        if replica == shard.context.selfID {
            shard.context.replica.remove(dead) { _, _ in }
        } else {
            ask(.remove(dead), of: replica) { _ in }
        }
    }

    private func ask(
        _ request: PeerRequest, of peer: NodeID, _ completion: @escaping (PeerReply) -> Void
    ) {
        shard.ask(request, of: peer, timeout: configuration.timeout, completion)
    }
}

extension Result<[Bool], EngineError> {
    /// As a peer would put it.
    var reply: PeerReply {
        switch self {
        case .success(let rows): .confirmed(rows)
        case .failure(let error): .failed(ReplicaError(error))
        }
    }
}
