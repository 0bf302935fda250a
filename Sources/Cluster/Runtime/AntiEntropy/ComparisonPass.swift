import ClusterCore
import NIOCore

/// Performs what a `PartitionComparison` decides. Lives on its shard's event loop.
final class ComparisonPass: @unchecked Sendable {
    // @unchecked: touched only on the shard's loop.

    private let peer: NodeID
    private let shard: Shard
    private let configuration: AntiEntropyConfiguration
    private var comparison: PartitionComparison
    private var isStopped = false
    private let whenEnded: (ComparisonReport) -> Void

    /// - Parameter whenEnded: Called once, on the loop; within `stop` if that is what ends it.
    init(
        _ tree: TreeRef, with peer: NodeID, shard: Shard, whenEnded: @escaping (ComparisonReport) -> Void
    ) {
        self.peer = peer
        self.shard = shard
        self.whenEnded = whenEnded
        configuration = shard.context.configuration.antiEntropy
        comparison = PartitionComparison(
            tree, shape: shard.context.trees.shape, limits: configuration.comparison)
    }

    func start() { step { $0.start(&$2) } }

    /// Ends it here; nothing is written by it any more.
    func stop() {
        isStopped = true
        step { $0.stop(&$2) }
    }

    private var now: UInt64 { shard.loop.now.uptimeNanoseconds / 1_000_000 }

    private func step(
        _ event: (inout PartitionComparison, UInt64, inout [PartitionComparison.Action]) -> Void
    ) {
        var actions: [PartitionComparison.Action] = []
        event(&comparison, now, &actions)
        for action in actions { perform(action) }
    }

    private func perform(_ action: PartitionComparison.Action) {
        switch action {
        case .ask(let request, .there):
            ask(.tree(request)) { [self] in answered($0, by: .there) }
        case .ask(let request, .here):
            shard.context.replica.tree(request) { [self] reply in
                // Not now, if the answer came at once: the pass is still in its last step.
                shard.loop.execute { self.answered(reply, by: .here) }
            }
        case .fetch(let number, let key): fetch(number, key)
        case .push(let number, let key): push(number, key)
        case .wake(let time):
            shard.loop.scheduleTask(in: .milliseconds(Int64(time - min(time, now)))) { [self] in
                if !isStopped { step { $0.tick(now: $1, &$2) } }
            }
        case .finished(let report): whenEnded(report)
        }
    }

    private func ask(_ request: PeerRequest, _ completion: @escaping (PeerReply) -> Void) {
        shard.ask(request, of: peer, timeout: configuration.timeout, completion)
    }

    private func answered(_ reply: PeerReply, by side: PartitionComparison.Side) {
        step {
            if case .tree(let answer) = reply {
                $0.received(answer, from: side, now: $1, &$2)
            } else {
                $0.askFailed(side, &$2)
            }
        }
    }

    private func fetch(_ number: UInt64, _ key: StorageKey) {
        ask(.state(key)) { [self] reply in
            guard case .state(let theirs, let seen) = reply else { return failed(number) }
            let policy = shard.properties(ofBucket: key.bucket).policy
            access(key, .change(.reconcile(theirs, seen: seen), policy)) { [self] merged in
                guard let merged else { return failed(number) }
                let theirs = theirs.siblings.isEmpty ? nil : theirs
                step { $0.fetched(number, theirs: theirs, merged: merged.versions, now: $1, &$2) }
            }
        }
    }

    private func push(_ number: UInt64, _ key: StorageKey) {
        // Before the state is read.
        let seen = shard.context.replica.clocks.told(of: key)
        access(key, .read) { [self] own in
            guard let own else { return failed(number) }
            let policy = shard.properties(ofBucket: key.bucket).policy
            let versions = own.versions ?? Versions()
            ask(.reconcile(key, versions, seen: seen, policy: policy)) { [self] reply in
                guard case .stored = reply else { return failed(number) }
                step { $0.pushed(number, now: $1, &$2) }
            }
        }
    }

    private func failed(_ number: UInt64) { step { $0.exchangeFailed(number, now: $1, &$2) } }

    private func access(
        _ key: StorageKey, _ kind: LocalAccess.Kind, _ completion: @escaping (LocalAccess.Outcome?) -> Void
    ) {
        // The reply that this follows may have come after the partition was given up, or at the end of the node's last
        // operation: nothing is written then any more.
        guard !isStopped, shard.view.holds(key.partition) else { return completion(nil) }
        shard.begin(timeout: configuration.timeout) { id in
            LocalAccess(id: id, shard: shard, key: key, kind: kind, completion: completion)
        }
    }
}
