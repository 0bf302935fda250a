import Engine
import Foundation

/// Writes lines on a thread of its own, so that nobody who has something to say waits for whoever reads it: a full pipe, a slow
/// disk. What waits has a bound; beyond it, lines are dropped and counted. Any thread.
final class LogWriter: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        /// Since the last that was told.
        var dropped = 0
        var isWriting = false

        var isIdle: Bool { waiting.isEmpty && dropped == 0 && !isWriting }
    }

    private let maxQueuedBytes: Int
    private let state = Monitor(State())

    /// - Parameters:
    ///   - maxQueuedBytes: What may wait, beside what is being written.
    ///   - write: Writes all it is given, however long that takes. On the writer's thread.
    ///   - loss: Makes a line that says how many were dropped.
    init(
        maxQueuedBytes: Int, write: @escaping @Sendable ([UInt8]) -> Void,
        loss: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.maxQueuedBytes = maxQueuedBytes
        let thread = Thread { [state] in
            while true { Self.writeMore(state, write, loss) }
        }
        thread.name = "log"
        thread.start()
    }

    /// - Parameter line: With its end.
    func append(_ line: [UInt8]) {
        let wakes = state.withLock { state in
            // Once some were dropped, the count of them goes first, so that it stands where they are missing.
            guard state.dropped == 0, line.count <= maxQueuedBytes - state.waiting.count else {
                state.dropped += 1
                // A line that is longer than all that may wait finds the thread asleep.
                return !state.isWriting
            }
            state.waiting.append(contentsOf: line)
            return !state.isWriting
        }
        if wakes { state.wakeAll() }
    }

    /// Waits until all is written, but no longer than `limit`.
    ///
    /// - Returns: Whether all was written.
    @discardableResult
    func finish(within limit: Duration) -> Bool {
        state.wait(atMost: limit) { $0.isIdle ? true : nil } ?? false
    }

    private static func writeMore(
        _ state: Monitor<State>, _ write: ([UInt8]) -> Void, _ loss: (Int) -> [UInt8]
    ) {
        let (lines, dropped) = state.wait { state -> ([UInt8], Int)? in
            guard !state.waiting.isEmpty || state.dropped > 0 else { return nil }
            defer { state = State(isWriting: true) }
            return (state.waiting, state.dropped)
        }
        write(dropped > 0 ? lines + loss(dropped) : lines)
        state.withLock { $0.isWriting = false }
        // Whoever waits for the end.
        state.wakeAll()
    }
}
