import Engine
import Synchronization

/// The memory engine, with something that happens within its calls.
final class HookedEngine: WrappedEngine {
    /// May call the engine, or one that wraps it.
    typealias Hook = @Sendable () throws(EngineError) -> Void

    struct Hooks: Sendable {
        /// After a read has its answer, before it is told.
        var afterRead: Hook?
        var beforeWrite: Hook?
        /// Before the write returns.
        var afterWrite: Hook?
    }

    let base: any StorageEngine
    private let storedHooks = Mutex(Hooks())

    init(_ base: any StorageEngine) { self.base = base }

    var hooks: Hooks {
        get { storedHooks.withLock(\.self) }
        set { storedHooks.withLock { $0 = newValue } }
    }

    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        try hooks.beforeWrite?()
        try base.write(batch, durability: durability)
        try hooks.afterWrite?()
    }

    func deleteRange(_ keyspace: Keyspace, _ range: KeyRange) throws(EngineError) {
        try hooks.beforeWrite?()
        try base.deleteRange(keyspace, range)
        try hooks.afterWrite?()
    }

    func withValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        let value = try base.get(keyspace, key)
        try hooks.afterRead?()
        guard let value else { return try body(nil) }
        return try body(value.span.bytes)
    }

    func withResidentValue<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (RawSpan?) throws(EngineError) -> R
    ) throws(EngineError) -> R? {
        try withValue(keyspace, key, body)
    }
}
