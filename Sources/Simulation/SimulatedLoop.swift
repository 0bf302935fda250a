import Dispatch
import NIOCore

/// An event loop in simulated time; it ends, with all that it was to do, when its node's life does.
final class SimulatedLoop: EventLoop, @unchecked Sendable {
    // @unchecked: a simulation runs on one thread.

    private let scheduler: Scheduler
    private let life: Life
    /// The clock of a loop never shows zero, which is NIO's "long ago".
    private static let origin = NIODeadline.uptimeNanoseconds(1_000_000_000)
    /// What passes between the request and the act, so that what is asked for in one tick happens after it.
    private static let tick: UInt64 = 1_000

    init(_ scheduler: Scheduler, life: Life) {
        self.scheduler = scheduler
        self.life = life
    }

    var inEventLoop: Bool { true }
    var now: NIODeadline { Self.origin + .nanoseconds(Int64(scheduler.now)) }

    func execute(_ task: @escaping @Sendable () -> Void) {
        scheduler.after(Self.tick, life: life, task)
    }

    func submit<T>(_ task: @escaping @Sendable () throws -> T) -> EventLoopFuture<T> {
        scheduleTask(deadline: now, task).futureResult
    }

    @discardableResult
    func scheduleTask<T>(
        deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        let promise = makePromise(of: T.self)
        let scheduled = Scheduled(promise: promise, cancellationTask: {})
        let delay = max(Self.tick, UInt64(clamping: (deadline - now).nanoseconds))
        // NIO wants every promise kept.
        let dropped = { promise.fail(EventLoopError.cancelled) }
        scheduler.after(delay, life: life, dropped: dropped) {
            do { promise.assumeIsolated().succeed(try task()) } catch { promise.fail(error) }
        }
        return scheduled
    }

    @discardableResult
    func scheduleTask<T>(
        in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        scheduleTask(deadline: now + delay, task)
    }

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        preconditionFailure("a simulated loop ends with its node's life")
    }
}
