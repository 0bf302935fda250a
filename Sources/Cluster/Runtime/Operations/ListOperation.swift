import ClusterCore
import NIOCore

/// Performs what a `ListCoordinator` decides.
final class ListOperation: Operation {
    private let id: UInt64
    private unowned let shard: Shard
    private let attempt: Attempt
    private let again: (Attempt) -> Void
    private var isOutdated = false
    private var coordinator: ListCoordinator
    /// In which round each node was asked last: a node has one ask open at a time.
    private var rounds: [NodeID: Int] = [:]
    private let bucket: String
    private var timeline = RequestTimeline()

    init(
        id: UInt64, shard: Shard, bucket: String, coordinator: ListCoordinator, attempt: Attempt,
        again: @escaping (Attempt) -> Void
    ) {
        self.id = id
        self.shard = shard
        self.bucket = bucket
        self.coordinator = coordinator
        self.attempt = attempt
        self.again = again
    }

    func start() { step { $0.start(&$1) } }

    func received(_ reply: PeerReply, from node: NodeID) {
        guard let round = rounds[node] else { return }
        switch reply {
        case .listed(let rows, let isLast):
            note(nil, of: node)
            step { $0.received(rows, isLast: isLast, from: node, round: round, &$1) }
        case .failed(let error): failed(node, error)
        default: failed(node, .unexpectedReply)
        }
    }

    private func note(_ error: ReplicaError?, of node: NodeID) {
        shard.ended(node, error, by: id, for: attempt, in: &timeline)
    }

    func failed(_ node: NodeID, _ error: ReplicaError) {
        note(error, of: node)
        guard let round = rounds[node] else { return }
        if error.code == .outdated { isOutdated = true }
        step { $0.failed(node, error, round: round, &$1) }
    }

    func timerFired(_ now: NIODeadline) {
        if now >= attempt.deadline { step { $0.deadlineElapsed(&$1) } }
    }

    private func step(_ event: (inout ListCoordinator, inout [ListCoordinator.Action]) -> Void) {
        var actions: [ListCoordinator.Action] = []
        event(&coordinator, &actions)
        for action in actions { perform(action) }
    }

    private func perform(_ action: ListCoordinator.Action) {
        switch action {
        case .ask(let node, let list, let round):
            rounds[node] = round
            shard.asked(node, to: .list, by: id, for: attempt, in: &timeline)
            if node == shard.context.selfID {
                shard.listLocally(list, for: id, in: attempt.trace)
            } else {
                shard.send(
                    .list(list), to: node, for: id, timeout: attempt.deadline - shard.loop.now,
                    in: attempt.trace)
            }
        case .respond(let listing):
            shard.answer(attempt, .listed(listing), about: .bucket(bucket), after: timeline)
        case .fail(let error):
            shard.fail(
                attempt, error, about: .bucket(bucket), after: timeline, isOutdated: isOutdated,
                again: again)
        case .finished:
            shard.end(id)
        }
    }
}

extension Shard {
    func coordinate(_ list: ListRequest, cursor: ListCursor?, _ attempt: Attempt) {
        admit(attempt, about: .bucket(list.bucket)) { () throws(RequestError) in
            let properties = properties(ofBucket: list.bucket)
            let quorum = try resolve(list.quorum, properties)
            attempt.trace?.quorum = quorum
            let first = cursor?.partition ?? 0
            let end = view.layout.readable.partitionCount - 1
            let last = min(list.lastPartition ?? end, end)
            guard first <= last else {
                throw RequestError(.invalidArgument, "the last partition is before the cursor")
            }
            let coordinator = ListCoordinator(
                segments: segments(first...last, n: quorum.n), isWhole: last == end, bucket: list.bucket,
                prefix: list.prefix, limit: list.limit, cursor: cursor, r: quorum.r,
                policy: properties.policy,
                now: context.environment.wallMillis())
            begin(attempt) { id in
                ListOperation(
                    id: id, shard: self, bucket: list.bucket, coordinator: coordinator, attempt: attempt
                ) {
                    self.coordinate(list, cursor: cursor, $0)
                }
            }
        }
    }

    /// Runs of partitions with the same replicas.
    private func segments(_ partitions: ClosedRange<Int>, n: Int) -> [ListSegment] {
        var segments: [ListSegment] = []
        for partition in partitions {
            // Nodes that hold the same partitions hold them in different orders: sorted, their runs are longer.
            let replicas = view.layout.replicas(ofPartition: partition, n: n).readable.sorted { a, b in
                (isReachable(b) ? 1 : 0, a.rawValue) < (isReachable(a) ? 1 : 0, b.rawValue)
            }
            if let last = segments.last, last.replicas == replicas {
                segments[segments.count - 1].lastPartition = partition
            } else {
                segments.append(
                    ListSegment(firstPartition: partition, lastPartition: partition, replicas: replicas))
            }
        }
        return segments
    }
}
