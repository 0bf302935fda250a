import Load
import Workloads

/// One of those that ask, each with one operation in flight: what it asks for follows from the seed, as a client's of kvbench.
struct Caller {
    /// An operation that has not ended.
    struct Pending {
        var kind: OperationKind
        var record: Int
        /// Nanoseconds of the monotonic clock.
        var begun: UInt64
        /// Whether what is read is still to be written.
        var writesNext: Bool
        var bytes = 0
    }

    private let index: Int
    private var operations: OperationStream
    private var version = 0
    private(set) var pending: Pending?

    init(_ index: Int, _ operations: OperationStream) {
        self.index = index
        self.operations = operations
    }

    /// Adds its next operation to a batch.
    mutating func begin(
        at now: UInt64, _ records: RecordCount, _ values: RecordValues, _ rows: inout RowMaker,
        _ batch: inout Batch
    ) {
        let operation = operations.next(recordCount: records.count)
        let record = operation.record ?? records.insert()
        pending = Pending(
            kind: operation.kind, record: record, begun: now, writesNext: operation.kind == .modify)
        switch operation.kind {
        case .read, .modify:
            batch.reads.append(Batch.Read(caller: index, key: rows.key(RecordKey.bytes(record))))
        case .update, .insert: write(values, &rows, &batch)
        case .delete:
            let key = rows.key(RecordKey.bytes(record))
            batch.writes.append(Batch.Write(caller: index, key: key, state: rows.state(nil, isNew: false)))
        case .scan:
            // Those whose numbers differ in the last two digits, as kvbench's clients ask a cluster.
            let prefix = Array(RecordKey.bytes(record).dropLast(2))
            batch.scans.append(
                Batch.Scan(caller: index, prefixes: rows.ranges(prefix), limit: operation.scanLength))
        }
    }

    /// Adds the write of the record of its operation.
    mutating func write(_ values: RecordValues, _ rows: inout RowMaker, _ batch: inout Batch) {
        guard let operation = pending else { preconditionFailure("there is nothing to write") }
        version += 1
        let key = RecordKey.bytes(operation.record)
        let value = values.value(operation.record, version: version)
        pending?.writesNext = false
        pending?.bytes = key.count + value.count
        let state = rows.state(value, isNew: operation.kind == .insert)
        batch.writes.append(Batch.Write(caller: index, key: rows.key(key), state: state))
    }

    /// Its operation has ended.
    mutating func end() { pending = nil }
}

/// Values of one size.
struct RecordValues {
    let source: ValueSource
    let size: Int

    func value(_ record: Int, version: Int) -> [UInt8] {
        var value: [UInt8] = []
        value.reserveCapacity(size)
        source.append(size: size, record: record, version: version, to: &value)
        return value
    }
}

extension RecordKey {
    static func bytes(_ record: Int) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(length)
        write(record, into: &key)
        return key
    }
}
