import NIOCore

/// Runs tasks on event loops, so that a stream's tasks and its socket share a thread: a hop saved for each message.
///
/// A job goes to the loop it was woken on, or to any if it was woken elsewhere. Nothing that runs here may block.
final class LoopExecutor: TaskExecutor {
    private let group: any EventLoopGroup

    /// - Parameter group: A group of loops, or one loop, on which every job then runs.
    init(_ group: any EventLoopGroup) { self.group = group }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        group.any().execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
