/// The group commit that is being built: what its jobs have written so far, above what the engine holds.
///
/// Reads see what earlier jobs of the group staged, so that jobs behave as if each were committed before the next.
public struct WriteStage: ~Copyable {
    private struct Undo {
        var keyspace: Keyspace
        var key: [UInt8]
        var previous: Int?
    }

    private let engine: any StorageEngine
    private(set) var batch = WriteBatch()
    /// For each keyspace: which operation of the batch wrote a key last.
    private var latest = [[[UInt8]: Int]](repeating: [:], count: Keyspace.allCases.count)
    /// What the current job changed in `latest`, oldest first.
    private var undo: [Undo] = []
    private var savepoint = WriteBatch.Mark(operations: 0, bytes: 0)

    init(engine: any StorageEngine) { self.engine = engine }

    /// Adds a put. Throws `keyEmpty`, `keyTooLarge` or `valueTooLarge`, and stages nothing then.
    public mutating func put(_ keyspace: Keyspace, _ key: [UInt8], _ value: [UInt8]) throws(EngineError) {
        try EngineLimits.check(keyCount: key.count)
        try EngineLimits.check(valueCount: value.count)
        note(keyspace, key)
        batch.put(keyspace, key, value)
    }

    /// Adds a delete. Throws `keyEmpty` or `keyTooLarge`, and stages nothing then.
    public mutating func delete(_ keyspace: Keyspace, _ key: [UInt8]) throws(EngineError) {
        try EngineLimits.check(keyCount: key.count)
        note(keyspace, key)
        batch.delete(keyspace, key)
    }

    /// Calls `body` with the value that `key` has for this job, or nil.
    public func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        if let operation = latest[Int(keyspace.rawValue)][key] {
            return try batch.withValue(ofOperation: operation, body)
        }
        return try engine.withValue(keyspace, key, body)
    }

    private mutating func note(_ keyspace: Keyspace, _ key: [UInt8]) {
        let previous = latest[Int(keyspace.rawValue)].updateValue(batch.count, forKey: key)
        undo.append(Undo(keyspace: keyspace, key: key, previous: previous))
    }

    // MARK: For the writer thread

    mutating func beginJob() {
        undo.removeAll(keepingCapacity: true)
        savepoint = batch.mark
    }

    /// Takes back all that the current job staged.
    mutating func rollBackJob() {
        for change in undo.reversed() {
            latest[Int(change.keyspace.rawValue)][change.key] = change.previous
        }
        batch.truncate(to: savepoint)
    }

    /// Empties the stage for the next group.
    mutating func reset() {
        // A huge group's memory is given back; a usual one's serves the next.
        let keep = batch.byteCount <= 1 << 20
        batch.removeAll(keepingCapacity: keep)
        for index in latest.indices { latest[index].removeAll(keepingCapacity: keep) }
        undo.removeAll(keepingCapacity: keep)
    }
}

extension WriteBatch {
    /// A point to which a batch can be taken back.
    struct Mark {
        var operations: Int
        var bytes: Int
    }

    var mark: Mark { Mark(operations: operations.count, bytes: buffer.count) }

    mutating func truncate(to mark: Mark) {
        operations.removeLast(operations.count - mark.operations)
        buffer.removeLast(buffer.count - mark.bytes)
    }

    /// Calls `body` with the value that the operation at `index` puts, or nil if it deletes.
    func withValue<R>(
        ofOperation index: Int, _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        let operation = operations[index]
        guard operation.valueCount >= 0 else { return try body(nil) }
        let start = operation.keyOffset + operation.keyCount
        return try body(buffer.span.bytes.extracting(start..<start + operation.valueCount))
    }
}
