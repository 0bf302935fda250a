import ClusterCore
import Engine
import Logging
import NIOCore

/// Performs what a `HandoffSender` decides. Lives on the driver's event loop.
final class HandoffPass: @unchecked Sendable {
    // @unchecked: touched only on the shard's loop.

    let target: NodeID
    private let driver: HandoffDriver
    private let shard: Shard
    private let configuration: HandoffConfiguration
    private var sender: HandoffSender

    init(target: NodeID, sends: Bool, driver: HandoffDriver) {
        self.target = target
        self.driver = driver
        shard = driver.shard
        configuration = shard.context.configuration.handoff
        sender = HandoffSender(
            limits: configuration.sending, sends: sends, ages: shard.context.hints.clock.ages)
    }

    func start() { step { $0.start(&$1) } }

    func stop() { step { $0.stop(&$1) } }

    private var now: UInt64 { shard.loop.now.uptimeNanoseconds / 1_000_000 }

    private func step(_ event: (inout HandoffSender, inout [HandoffSender.Action]) -> Void) {
        var actions: [HandoffSender.Action] = []
        event(&sender, &actions)
        for action in actions { perform(action) }
    }

    private func perform(_ action: HandoffSender.Action) {
        switch action {
        case .readPage(let after, let limit):
            readPage(after: after, limit)
        case .send(let number, let hint):
            send(hint) { [self] isStored in
                let now = now
                step { isStored ? $0.acked(number, now: now, &$1) : $0.failed(number, now: now, &$1) }
            }
        case .remove(let hint, let reason):
            driver.remove(.init(target: target, hint: hint, reason: reason))
        case .wake(let time):
            shard.loop.scheduleTask(in: .milliseconds(Int64(time - min(time, now)))) { [self] in
                let now = now
                step { $0.tick(now: now, &$1) }
            }
        case .finished(let report):
            driver.ended(self, report)
        }
    }

    /// To the target, if the key lies there now and after an open change of the layout; else to those where it does, since a
    /// node that gives up a partition stores nothing of it any more.
    private func send(_ hint: Hint, _ completion: @escaping (Bool) -> Void) {
        let properties = shard.properties(ofBucket: hint.key.bucket)
        let sets = shard.view.layout.replicas(ofPartition: hint.key.partition, n: properties.n)
        let isReplica = sets.primary.contains(target) && sets.secondary.contains(target)
        let w = isReplica ? 1 : min(properties.w, sets.primary.count, sets.secondary.count)
        shard.begin(timeout: configuration.timeout) { id in
            StateDelivery(
                id: id, shard: shard, key: hint.key, versions: hint.versions, policy: hint.policy,
                sets: isReplica ? ReplicaSets([target]) : sets, w: w, timeout: configuration.timeout
            ) { completion($0 == nil) }
        }
    }

    private func readPage(after: HintKey?, _ limit: Int) {
        driver.readPage(of: target, after: after, limit) { [self] result in
            switch result {
            case .success(let page):
                let hintMillis = shard.context.hints.clock.millis
                let now = now
                step { $0.page(page.hints, last: page.last, now: now, hintMillis: hintMillis, &$1) }
            case .failure: step { $0.stop(&$1) }
            }
        }
    }
}
