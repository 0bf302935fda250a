import Foundation

/// Opened once; whoever waits goes on then.
final class Gate: Sendable {
    private let condition = NSCondition()
    nonisolated(unsafe) private var opened = false  // Touched only with `condition` locked.

    var isOpen: Bool { condition.withLock { opened } }

    func open() {
        condition.withLock {
            opened = true
            condition.broadcast()
        }
    }

    func wait() {
        condition.withLock { while !opened { condition.wait() } }
    }
}

/// Runs `body` on a thread of its own, which it may block.
func onThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
