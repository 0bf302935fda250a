import ClusterCore
import Engine
import LogLimits
import Logging
import NIOCore

/// Performs what a `PartitionFill` decides. Lives on its shard's event loop.
final class PartitionFiller: @unchecked Sendable {
    // @unchecked: every member that changes is touched only on the shard's loop.

    private let shard: Shard
    private let executor: EngineExecutor
    /// Told after each step how far it has come; nil at the end.
    private let report: (FillStatus?) -> Void
    private var begun = NIODeadline.uptimeNanoseconds(0)
    private var partitions = 0
    private var partitionsLeftAtBegin = 0
    private var fill: PartitionFill?
    /// The comparisons that run, by partition.
    private var passes: [Int: ComparisonPass] = [:]
    private var whenDone: @Sendable () -> Void = {}
    /// Tells the present fill from those before it, whose answers may still come.
    private var number = 0
    private var isStopped = false
    /// When the progress was stored last.
    private var savedAt = NIODeadline.uptimeNanoseconds(0)

    init(
        shard: Shard, executor: EngineExecutor, report: @escaping (FillStatus?) -> Void
    ) {
        self.shard = shard
        self.executor = executor
        self.report = report
    }

    /// Copies `moves` in place of what it copies now, beginning where an earlier run for the same `mark` ended; an empty
    /// mark begins anew.
    func fill(_ moves: [PartitionMove], mark: [UInt8], whenDone: @escaping @Sendable () -> Void) {
        abandon()
        self.whenDone = whenDone
        let begun = number
        readProgress { [self] stored in
            guard begun == number, !isStopped else { return }
            let isSame = !mark.isEmpty && stored?.mark == mark
            self.begun = shard.loop.now
            partitions = moves.count
            fill = PartitionFill(
                moves, limits: shard.context.configuration.layouts.fill,
                progress: isSame ? stored! : FillProgress(mark: mark))
            partitionsLeftAtBegin = fill!.partitionsLeft
            step { $0.advance(now: $1, &$2) }
        }
    }

    /// Ends what it copies now, if anything.
    func cancel() {
        abandon()
        report(nil)
    }

    func stop() {
        isStopped = true
        cancel()
    }

    private func abandon() {
        number += 1
        fill = nil
        whenDone = {}
        let passes = passes.values
        self.passes = [:]
        for pass in passes { pass.stop() }
    }

    // MARK: Steps

    private func step(_ event: (inout PartitionFill, UInt64, inout [PartitionFill.Action]) -> Void) {
        guard fill != nil else { return }
        let now = shard.loop.now.uptimeNanoseconds / 1_000_000
        var actions: [PartitionFill.Action] = []
        event(&fill!, now, &actions)
        report(status)
        for action in actions { perform(action, now) }
    }

    private var status: FillStatus? {
        fill.map {
            FillStatus(
                partitions: partitions, partitionsLeft: $0.partitionsLeft,
                partitionsLeftAtBegin: partitionsLeftAtBegin, rows: $0.rows, bytes: $0.bytes,
                seconds: Double((shard.loop.now - begun).nanoseconds) / 1_000_000_000)
        }
    }

    private func perform(_ action: PartitionFill.Action, _ now: UInt64) {
        let begun = number
        switch action {
        case .ask(let page, let source): ask(page, of: source)
        case .compare(let tree, let source): compare(tree, with: source)
        case .note(let tree, let clock): note(tree, clock)
        case .wake(let time):
            shard.loop.scheduleTask(in: .milliseconds(Int64(time - now))) { [self] in
                if begun == number { step { $0.advance(now: $1, &$2) } }
            }
        case .finished:
            fill = nil
            report(nil)
            // Let go of: it holds on to the keeper, which holds on to this.
            let done = whenDone
            whenDone = {}
            done()
        }
    }

    private func ask(_ page: PageRequest, of source: NodeID) {
        let begun = number
        let askedAt = shard.loop.now
        let timeout = shard.context.configuration.defaultTimeout
        shard.ask(.page(page), of: source, timeout: timeout) { [self] reply in
            guard begun == number else { return }
            switch reply {
            case .page(let rows, let isLast, let clock):
                do throws(CodecError) {
                    took(try FillPage(page, rows: rows, isLast: isLast, clock: clock, askedAt: askedAt))
                } catch {
                    failed(page.partition, "a row of its source \(source) cannot be decoded: \(error)")
                }
            case .failed(let error):
                failed(page.partition, "its source \(source) answers \(error.code): \(error.message)")
            default: failed(page.partition, "its source \(source) answers something else")
            }
        }
    }

    /// The page is asked for again after a while.
    private func failed(_ partition: Int, _ reason: String) {
        shard.context.limited.log(
            .warning, "a partition cannot be copied yet",
            metadata: ["partition": "\(partition)", "reason": "\(reason)"])
        step { $0.failed(partition: partition, now: $1, &$2) }
    }

    private func compare(_ tree: TreeRef, with source: NodeID) {
        let begun = number
        let pass = ComparisonPass(tree, with: source, shard: shard) { [self] report in
            guard begun == number else { return }
            passes[tree.partition] = nil
            step { $0.compared(partition: tree.partition, report, now: $1, &$2) }
            saveProgress()
        }
        passes[tree.partition] = pass
        pass.start()
    }

    /// What fails of this is made up for by the next round of anti-entropy.
    private func note(_ tree: TreeRef, _ clock: PartitionClock) {
        let replica = shard.context.replica
        let token = replica.clocks.told(of: tree.partition).token
        replica.agree([TreeAgreement(tree: tree, clock: clock, token: token)]) { _ in }
    }

    /// What this node holds between the page's rows belongs to the page as well: the source may have reaped it.
    private func took(_ page: FillPage) {
        let begun = number
        shard.context.replica.keys(of: page.partition, after: page.after, upTo: page.last) { result in
            self.shard.loop.execute { [self] in
                guard begun == number else { return }
                switch result {
                case .success(let own): store(page.with(own.keys, upTo: own.upTo))
                case .failure(let error): failed(page.partition, "this node's engine fails: \(error)")
                }
            }
        }
    }

    private func store(_ page: FillPage) {
        let begun = number
        let entries = page.rows.map { row in
            ReplicaWriteJob.Entry(
                id: 0, key: row.key,
                mutation: .reconcile(
                    row.versions, seen: shard.context.replica.clocks.seen(of: row.key, by: page.clock)),
                policy: shard.properties(ofBucket: row.key.bucket).policy)
        }
        let bytes = entries.reduce(0) { $0 + $1.key.bytes.count + $1.mutation.byteCount }
        shard.context.replica.write(entries) { written, _ in
            let isStored = written.allSatisfy { if case .success = $0.outcome { true } else { false } }
            self.shard.loop.execute { [self] in
                guard begun == number else { return }
                guard isStored else { return failed(page.partition, "its rows cannot be stored") }
                let took = UInt64((shard.loop.now - page.askedAt).nanoseconds / 1_000)
                step { fill, now, actions in
                    fill.stored(
                        partition: page.partition, last: page.last, rows: written.count, bytes: bytes,
                        seen: page.clock, isLast: page.isLast, took: took, now: now, &actions)
                }
                saveProgress()
            }
        }
    }

    // MARK: Progress

    private func readProgress(_ body: @escaping @Sendable (FillProgress?) -> Void) {
        executor.maintain { (engine) throws(EngineError) in
            try engine.get(.meta, NodeState.Key.fill)
        } whenDone: { result in
            // Without it, the copying begins anew.
            let bytes = try? result.get()
            let progress = bytes.flatMap { try? FillProgress.decode($0) }
            self.shard.loop.execute { body(progress) }
        }
    }

    /// After the rows that it speaks of, in the order of the engine's commits. At most once a second, since it names every
    /// partition: what a restart copies again for that costs less.
    private func saveProgress() {
        let now = shard.loop.now
        guard let progress = fill?.progress, now - savedAt >= .seconds(1) else { return }
        savedAt = now
        let bytes = progress.encoded()
        executor.maintain { (engine) throws(EngineError) in
            var batch = WriteBatch()
            batch.put(.meta, NodeState.Key.fill, bytes)
            try engine.write(batch, durability: .buffered)
        } whenDone: { _ in
            // What is not saved is copied again after a restart.
        }
    }
}
