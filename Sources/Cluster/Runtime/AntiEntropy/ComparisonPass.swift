import ClusterCore
import NIOCore

/// Performs what a `PartitionComparison` decides. Lives on the driver's event loop.
final class ComparisonPass: @unchecked Sendable {
    // @unchecked: touched only on the shard's loop.

    let tree: TreeRef
    let peer: NodeID
    private let driver: EntropyDriver
    private let shard: Shard
    private var comparison: PartitionComparison

    init(_ tree: TreeRef, with peer: NodeID, driver: EntropyDriver) {
        self.tree = tree
        self.peer = peer
        self.driver = driver
        shard = driver.shard
        comparison = PartitionComparison(
            tree, shape: shard.context.trees.shape, limits: driver.configuration.comparison)
    }

    func start() { step { $0.start(&$2) } }

    func stop() { step { $0.stop(&$2) } }

    private func step(
        _ event: (inout PartitionComparison, UInt64, inout [PartitionComparison.Action]) -> Void
    ) {
        var actions: [PartitionComparison.Action] = []
        event(&comparison, driver.now, &actions)
        for action in actions { perform(action) }
    }

    private func perform(_ action: PartitionComparison.Action) {
        switch action {
        case .ask(let request, .there):
            driver.ask(.tree(request), of: peer) { [self] in answered($0, by: .there) }
        case .ask(let request, .here):
            shard.context.replica.tree(request) { [self] reply in
                // Not now, if the answer came at once: the pass is still in its last step.
                shard.loop.execute { self.answered(reply, by: .here) }
            }
        case .fetch(let number, let key): fetch(number, key)
        case .push(let number, let key): push(number, key)
        case .wake(let time):
            driver.wake(at: time) { [self] in step { $0.tick(now: $1, &$2) } }
        case .finished(let report):
            driver.ended(self, report)
        }
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
        driver.ask(.state(key), of: peer) { [self] reply in
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
            driver.ask(.reconcile(key, versions, seen: seen, policy: policy), of: peer) { [self] reply in
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
        guard !driver.isStopped, shard.view.holds(key.partition) else { return completion(nil) }
        shard.begin(timeout: driver.configuration.timeout) { id in
            LocalAccess(id: id, shard: shard, key: key, kind: kind, completion: completion)
        }
    }
}
