import ClusterCore
import Engine
import LogLimits
import Logging
import NIOCore

/// Hands back what this node keeps for others: to each target when it connects, and from time to time.
///
/// Lives on one shard's event loop; all times are that loop's.
final class HandoffDriver: @unchecked Sendable {
    // @unchecked: what changes is touched only on the shard's loop.

    let shard: Shard
    private let hints: HintStore
    private let executor: EngineExecutor
    private let logger: Logger
    private let configuration: HandoffConfiguration
    private var passes: [NodeID: HandoffPass] = [:]
    /// Targets whose turn has come.
    private var due: Set<NodeID> = []
    private var removals: [HintRemovalJob.Entry] = []
    private var isStopped = true

    init(shard: Shard, executor: EngineExecutor, logger: Logger) {
        self.shard = shard
        hints = shard.context.hints
        configuration = shard.context.configuration.handoff
        self.executor = executor
        self.logger = logger
    }

    func start() {
        isStopped = false
        scheduleTick()
    }

    /// Begins nothing more; what is under way ends without going on.
    func stop() {
        isStopped = true
        for target in passes.keys.sorted() { passes[target]?.stop() }
    }

    func connected(_ peer: NodeID) {
        guard hints.targets.contains(where: { $0.target == peer }) else { return }
        // A pass that only looks for what is too old gives way.
        passes[peer]?.stop()
        due.insert(peer)
        beginPasses()
    }

    func disconnected(_ peer: NodeID) { passes[peer]?.stop() }

    private func scheduleTick() {
        shard.loop.scheduleTask(in: configuration.interval) { [self] in
            guard !isStopped else { return }
            let now = hints.clock.millis
            let maxAge = configuration.sending.maxAgeMillis
            for (target, account) in hints.targets
            where canSend(to: target) || hints.clock.ages.age(of: account.oldestMillis, at: now) > maxAge {
                due.insert(target)
            }
            beginPasses()
            scheduleTick()
        }
    }

    /// A node that is no member any more gets nothing: the present replicas do.
    private func canSend(to target: NodeID) -> Bool {
        shard.isReachable(target) || !shard.isMember(target)
    }

    private func beginPasses() {
        guard !isStopped else { return }
        for target in due.sorted()
        where passes[target] == nil && passes.count < configuration.maxTargetsAtOnce {
            due.remove(target)
            let pass = HandoffPass(target: target, sends: canSend(to: target), driver: self)
            passes[target] = pass
            pass.start()
        }
    }

    // MARK: For the passes

    func ended(_ pass: HandoffPass, _ report: HandoffReport) {
        passes[pass.target] = nil
        if report.isComplete, let oldest = report.oldestLeftMillis {
            hints.found(oldestMillis: oldest, for: pass.target)
        }
        if report.delivered + report.failed + report.expired > 0 {
            logger.info(
                "hints were handed back",
                metadata: [
                    "target": "\(shard.name(of: pass.target))",
                    "delivered": "\(report.delivered)", "bytes": "\(report.bytes)",
                    "failed": "\(report.failed)", "expired": "\(report.expired)",
                    "complete": "\(report.isComplete)",
                ])
        }
        // Not now: the pass is still in its last step.
        shard.loop.execute { self.beginPasses() }
    }

    func readPage(
        of target: NodeID, after: HintKey?, _ limit: Int,
        _ completion: @escaping @Sendable (Result<HintPage, EngineError>) -> Void
    ) {
        let bytes = configuration.sending.maxBytesInFlight
        do throws(EngineError) {
            try executor.submitRead { [self] engine in
                let result: Result<HintPage, EngineError>
                do throws(EngineError) {
                    result = .success(try engine.hints(for: target, after: after, rows: limit, bytes: bytes))
                } catch {
                    result = .failure(error)
                }
                shard.loop.execute {
                    self.report(result)
                    completion(result)
                }
            }
        } catch {
            // Too much to read now: the pass ends, the next tries again.
            shard.loop.execute { completion(.failure(error)) }
        }
    }

    private func report(_ result: Result<HintPage, EngineError>) {
        let limited = shard.context.limited
        switch result {
        case .success(let page) where page.damaged > 0:
            limited.log(.error, "stored hints cannot be decoded", metadata: ["count": "\(page.damaged)"])
        case .success: break
        case .failure(let error):
            limited.log(.error, "hints cannot be read", metadata: ["error": "\(error)"])
        }
    }

    /// With all that is removed in this tick, in one job.
    func remove(_ entry: HintRemovalJob.Entry) {
        removals.append(entry)
        guard removals.count == 1 else { return }
        shard.loop.execute { [self] in
            let job = HintRemovalJob(removals, from: hints)
            removals = []
            do throws(EngineError) {
                try executor.submit(job)
            } catch {
                // The writer has too much to do: they stay, and are handed back once more.
            }
        }
    }
}
