/// The reader threads' side of the executor: a bounded queue, first in first out.
final class EngineReaders: Sendable {
    typealias Job = @Sendable (any StorageEngine) -> Void

    private struct State {
        /// Jobs before `head` are done; a slot is emptied when its job is taken.
        var queue: [Job?] = []
        var head = 0
        var isStopping = false
        var done = 0
        var refused = 0

        var depth: Int { queue.count - head }

        mutating func take() -> Job? {
            if head == queue.count { return nil }
            let job = queue[head]
            queue[head] = nil
            head += 1
            if head == queue.count || head >= 1024 {
                queue.removeFirst(head)
                head = 0
            }
            return job
        }
    }

    private let engine: any StorageEngine
    private let maxQueued: Int
    private let monitor = Monitor(State())

    /// Told when the queue is no longer empty, where no thread waits for it.
    private let wake: (@Sendable () -> Void)?

    init(engine: any StorageEngine, maxQueued: Int, wake: (@Sendable () -> Void)? = nil) {
        self.engine = engine
        self.maxQueued = maxQueued
        self.wake = wake
    }

    func submit(_ job: @escaping Job) throws(EngineError) {
        let wasIdle = try monitor.withLock { (state) throws(EngineError) in
            if state.isStopping { throw EngineExecutor.shutDown }
            if state.depth >= maxQueued {
                state.refused += 1
                throw EngineError(.overloaded, "\(state.depth) reads are queued already")
            }
            state.queue.append(job)
            return state.depth == 1
        }
        guard let wake else { return monitor.wakeOne() }
        if wasIdle { wake() }
    }

    func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.wakeAll()
    }

    /// Tells of jobs that wait, are done, and were refused.
    func count(in statistics: inout EngineExecutor.Statistics) {
        (statistics.queuedReads, statistics.finishedReads, statistics.refusedReads) = monitor.withLock {
            ($0.depth, $0.done, $0.refused)
        }
    }

    /// One reader thread: returns when stopped and the queue is empty.
    func run() {
        while true {
            let next = monitor.wait { state -> Job?? in
                if let job = state.take() { return .some(job) }
                return state.isStopping ? .some(nil) : nil
            }
            guard let job = next else { return }
            job(engine)
            monitor.withLock { $0.done += 1 }
        }
    }

    /// Does what is queued at the call, without a thread of its own.
    func step() {
        let count = monitor.withLock { $0.depth }
        for _ in 0..<count {
            guard let job = monitor.withLock({ $0.take() }) else { return }
            job(engine)
            monitor.withLock { $0.done += 1 }
        }
    }
}
