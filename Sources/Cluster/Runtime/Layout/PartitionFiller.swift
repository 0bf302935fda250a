import ClusterCore
import Engine
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
    private var whenDone: @Sendable () -> Void = {}
    /// Tells the present fill from those before it, whose answers may still come.
    private var number = 0
    private var isStopped = false

    init(shard: Shard, executor: EngineExecutor, report: @escaping (FillStatus?) -> Void) {
        self.shard = shard
        self.executor = executor
        self.report = report
    }

    /// Copies `moves` in place of what it copies now, beginning where an earlier run for the same `mark` ended; an empty
    /// mark begins anew.
    func fill(_ moves: [PartitionMove], mark: [UInt8], whenDone: @escaping @Sendable () -> Void) {
        number += 1
        fill = nil
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
        number += 1
        fill = nil
        report(nil)
    }

    func stop() {
        isStopped = true
        cancel()
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
        case .wake(let time):
            shard.loop.scheduleTask(in: .milliseconds(Int64(time - now))) { [self] in
                if begun == number { step { $0.advance(now: $1, &$2) } }
            }
        case .finished:
            fill = nil
            report(nil)
            whenDone()
        }
    }

    private func ask(_ page: PageRequest, of source: NodeID) {
        let begun = number
        let timeout = shard.context.configuration.defaultTimeout
        shard.begin(timeout: timeout) { id in
            PeerQuestion(id: id, shard: shard, request: .page(page), peer: source, timeout: timeout) {
                [self] reply in
                guard begun == number else { return }
                if case .page(let rows, let isLast) = reply {
                    store(rows, of: page.partition, isLast: isLast)
                } else {
                    step { $0.failed(partition: page.partition, now: $1, &$2) }
                }
            }
        }
    }

    private func store(_ rows: [PageRow], of partition: Int, isLast: Bool) {
        let begun = number
        let entries = rows.map { row in
            ReplicaWriteJob.Entry(
                id: 0, key: row.key, mutation: .merge(row.versions),
                policy: shard.properties(ofBucket: row.key.bucket).policy)
        }
        let bytes = entries.reduce(0) { $0 + $1.key.bytes.count + $1.mutation.byteCount }
        let last = rows.last?.key
        shard.context.replica.write(entries) { written in
            let isStored = written.allSatisfy { if case .success = $0.outcome { true } else { false } }
            self.shard.loop.execute { [self] in
                guard begun == number else { return }
                step { fill, now, actions in
                    guard isStored else { return fill.failed(partition: partition, now: now, &actions) }
                    fill.stored(
                        partition: partition, last: last, rows: written.count, bytes: bytes, isLast: isLast,
                        now: now, &actions)
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

    /// After the rows that it speaks of, in the order of the engine's commits.
    private func saveProgress() {
        guard let progress = fill?.progress else { return }
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
