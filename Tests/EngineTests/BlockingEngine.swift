import Engine
import Glibc
import Synchronization

/// The memory engine, except that a write waits for ``allow(_:)`` and may be made to fail.
final class BlockingEngine: WrappedEngine {
    struct Write: Equatable {
        var operations: Int
        var durability: Durability
    }

    let base: any StorageEngine
    private let arrived = Semaphore()
    private let allowed = Semaphore()
    private let log = Mutex<[Write]>([])
    private let failure = Mutex<EngineError?>(nil)

    private let flushes: Bool

    init(_ base: any StorageEngine, flushes: Bool = false) {
        self.base = base
        self.flushes = flushes
    }

    var writes: [Write] { log.withLock(\.self) }
    /// Those of the engine within, but as one whose writes wait: for the test.
    var capabilities: EngineCapabilities {
        var capabilities = base.capabilities
        capabilities.writesInMemory = false
        capabilities.flushesBufferedWrites = flushes
        return capabilities
    }

    /// Blocks until a write has begun that nobody waited for yet.
    func awaitWrite() { arrived.wait() }

    /// Lets `count` writes, begun or to come, go on.
    func allow(_ count: Int) { for _ in 0..<count { allowed.signal() } }

    func failWrites(with error: EngineError?) { failure.withLock { $0 = error } }

    func write(_ batch: WriteBatch, durability: Durability) throws(EngineError) {
        arrived.signal()
        allowed.wait()
        if let error = failure.withLock(\.self) { throw error }
        log.withLock { $0.append(Write(operations: batch.count, durability: durability)) }
        try base.write(batch, durability: durability)
    }
}

/// A counting semaphore of the system.
final class Semaphore: @unchecked Sendable {
    // Sendable: the pointer never changes, and sem_t is made to be used by many threads.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }
    func wait() { while sem_wait(semaphore) != 0 {} }
}

/// A job that does what a closure says, and keeps what became of it.
final class TestJob: EngineWriteJob {
    let durability: Durability
    let byteCount: Int
    private let body: @Sendable (inout WriteStage) throws(EngineError) -> Void
    private let results = Mutex<[Result<Void, EngineError>]>([])
    private let done = Semaphore()

    init(
        _ durability: Durability = .buffered, byteCount: Int = 0,
        _ body: @escaping @Sendable (inout WriteStage) throws(EngineError) -> Void
    ) {
        self.durability = durability
        self.byteCount = byteCount
        self.body = body
    }

    /// Puts one row of data.
    convenience init(
        put key: [UInt8], _ value: [UInt8], _ durability: Durability = .buffered, byteCount: Int = 0
    ) {
        self.init(durability, byteCount: byteCount) { (stage) throws(EngineError) in
            try stage.put(.data, key, value)
        }
    }

    func stage(_ stage: inout WriteStage) throws(EngineError) { try body(&stage) }

    func finished(_ result: Result<Void, EngineError>) {
        results.withLock { $0.append(result) }
        done.signal()
    }

    /// Blocks until the job is finished: nil if it succeeded.
    func await() -> EngineError.Code? {
        done.wait()
        return outcomes[0]
    }

    /// One for each call of `finished`.
    var outcomes: [EngineError.Code?] {
        results.withLock {
            $0.map { if case .failure(let error) = $0 { error.code } else { nil } }
        }
    }
}

/// Runs `body` with an executor over a blocking engine, and shuts it down.
func withExecutor(
    _ limits: EngineExecutor.Limits = .init(), flushes: Bool = false,
    _ body: (EngineExecutor, BlockingEngine) throws -> Void
) throws {
    var template = Array("/tmp/kvnode-executor-XXXXXX".utf8CString)
    let path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    defer { rmdir(path) }
    let engine = BlockingEngine(
        try MemoryEngineFactory.open(at: path, options: EngineOptions([])), flushes: flushes)
    let executor = try EngineExecutor(engine: engine, limits: limits)
    defer {
        engine.allow(1000)
        try? executor.shutdown()
    }
    try body(executor, engine)
}
