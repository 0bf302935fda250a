/// Puts and deletes that an engine applies together, in the order in which they were added.
///
/// All bytes lie in one buffer, so that a batch of many small writes costs no allocation for each.
public struct WriteBatch: Sendable {
    @usableFromInline
    struct Operation: Sendable {
        @usableFromInline var keyspace: Keyspace
        @usableFromInline var keyOffset: Int
        @usableFromInline var keyCount: Int
        /// Negative for a delete.
        @usableFromInline var valueCount: Int
    }

    @usableFromInline var operations: [Operation] = []
    @usableFromInline var buffer: [UInt8] = []

    public init() {}

    public var count: Int { operations.count }
    public var isEmpty: Bool { operations.isEmpty }
    /// Bytes of all keys and values.
    public var byteCount: Int { buffer.count }

    public mutating func put(_ keyspace: Keyspace, _ key: [UInt8], _ value: [UInt8]) {
        append(keyspace, key, valueCount: value.count)
        buffer.append(contentsOf: value)
    }

    public mutating func delete(_ keyspace: Keyspace, _ key: [UInt8]) {
        append(keyspace, key, valueCount: -1)
    }

    public mutating func removeAll(keepingCapacity: Bool) {
        operations.removeAll(keepingCapacity: keepingCapacity)
        buffer.removeAll(keepingCapacity: keepingCapacity)
    }

    /// Whether any operation is one of `keyspace`.
    package func changes(_ keyspace: Keyspace) -> Bool { operations.contains { $0.keyspace == keyspace } }

    private mutating func append(_ keyspace: Keyspace, _ key: [UInt8], valueCount: Int) {
        operations.append(
            Operation(
                keyspace: keyspace, keyOffset: buffer.count, keyCount: key.count,
                valueCount: valueCount))
        buffer.append(contentsOf: key)
    }

    /// Calls `body` with each operation in order: keyspace, key, and the value, or nil for a delete.
    @inlinable
    public func forEach(
        _ body: (Keyspace, RawSpan, RawSpan?) throws(EngineError) -> Void
    ) throws(EngineError) {
        for index in operations.indices { try withOperation(index, body) }
    }

    /// Calls `body` with the operation at `index`, as ``forEach(_:)`` does.
    @inlinable
    func withOperation<E>(
        _ index: Int, _ body: (Keyspace, RawSpan, RawSpan?) throws(E) -> Void
    ) throws(E) {
        let operation = operations[index]
        let bytes = buffer.span.bytes
        let keyEnd = operation.keyOffset + operation.keyCount
        let key = bytes.extracting(operation.keyOffset..<keyEnd)
        if operation.valueCount < 0 {
            try body(operation.keyspace, key, nil)
        } else {
            try body(operation.keyspace, key, bytes.extracting(keyEnd..<keyEnd + operation.valueCount))
        }
    }
}
