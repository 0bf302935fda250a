import HostProtocol
import Load
import Workloads

/// One round on one thread, which plays the node's event loop: it takes what has ended, has the callers ask anew, hands all of that to
/// the engine as one batch, and sleeps only when all wait.
struct EngineRound {
    private static let tickPeriod: UInt64 = 100_000_000

    private let desk: EngineDesk
    private let records: RecordCount
    private let values: RecordValues
    private var rows: RowMaker
    private var callers: [Caller]
    private var recorder: Recorder
    private let begun: UInt64
    private let end: UInt64
    /// Operations that may still begin.
    private var left: Int
    /// Of the thread, within calls of the engine: in seconds.
    private(set) var engineCPUSeconds = 0.0

    init(
        _ order: HostOrder, _ workload: Workload, _ desk: EngineDesk, _ records: RecordCount,
        _ source: ValueSource
    ) {
        self.desk = desk
        self.records = records
        values = RecordValues(source: source, size: order.valueSize)
        rows = RowMaker(bucket: order.bucket, coordinators: order.coordinators)
        callers = (0..<order.callers).map {
            let operations = OperationStream(
                workload: workload, records: order.firstRecords, seed: order.seed, client: $0)
            return Caller($0, operations)
        }
        begun = Clock.now()
        end = begun + UInt64(order.seconds * 1e9)
        recorder = Recorder(begun: begun)
        left = order.operations ?? .max
    }

    /// Runs until the time or the operations are over, and all have ended.
    ///
    /// - Parameter tick: Called about ten times a second with the seconds since the start, and the operations until then.
    mutating func run(_ tick: (Double, Int) throws -> Void) rethrows -> (seconds: Double, recorder: Recorder)
    {
        var ended: [Ended] = []
        var nextTick = begun
        while true {
            var batch = Batch()
            let now = Clock.now()
            for one in ended { take(one, at: now, &batch) }
            if now >= nextTick {
                nextTick = now + Self.tickPeriod
                try tick(Double(now - begun) / 1e9, recorder.operations)
            }
            beginAll(at: now, &batch)
            guard callers.contains(where: { $0.pending != nil }) else { break }
            let cpu = ThreadClock.seconds
            ended = desk.submit(batch)
            ended += desk.take(waits: ended.isEmpty)
            engineCPUSeconds += ThreadClock.seconds - cpu
        }
        let now = Clock.now()
        recorder.close(until: now)
        return (Double(now - begun) / 1e9, recorder)
    }

    private mutating func beginAll(at now: UInt64, _ batch: inout Batch) {
        guard now < end else { return }
        for index in callers.indices where callers[index].pending == nil {
            if left == 0 { return }
            left -= 1
            callers[index].begin(at: now, records, values, &rows, &batch)
        }
    }

    private mutating func take(_ ended: Ended, at now: UInt64, _ batch: inout Batch) {
        guard let operation = callers[ended.caller].pending else {
            preconditionFailure("nobody waits for that")
        }
        switch ended.outcome {
        case .read(let isThere):
            recorder.found(isThere ? 1 : 0)
            if operation.writesNext { return callers[ended.caller].write(values, &rows, &batch) }
        case .wrote(let wasThere):
            if operation.kind == .update, !wasThere { recorder.found(0) }
        case .scanned: break
        case .failed(let reason):
            recorder.failed(reason, at: now)
            if operation.kind == .insert { records.end(operation.record, isThere: false) }
            return callers[ended.caller].end()
        }
        recorder.done(operation.kind, begun: operation.begun, at: now, bytes: operation.bytes)
        switch operation.kind {
        case .insert: records.end(operation.record, isThere: true)
        case .update, .modify: records.note(operation.record, isThere: true)
        case .delete: records.note(operation.record, isThere: false)
        case .read, .scan: break
        }
        callers[ended.caller].end()
    }
}
