import NIOCore
import NIOPosix

/// Runs the tasks of the servers on NIO's event loops, which spares two thread switches for every await.
///
/// A task that is resumed on a loop goes on there: the loop of the connection's socket when bytes came, or
/// the store's when a reply did. Whatever runs here must not block.
package final class EventLoopTaskExecutor: TaskExecutor {
    private let group: MultiThreadedEventLoopGroup

    package init(group: MultiThreadedEventLoopGroup) { self.group = group }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let loop: any EventLoop = MultiThreadedEventLoopGroup.currentEventLoop ?? group.next()
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
