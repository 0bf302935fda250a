import Synchronization

/// A wait that others can cut short. One task waits; any thread ends it.
final class Pause: Sendable {
    private struct State {
        var waiting: Task<Void, Never>?
        /// What ends the next wait at once, if nobody waits just now.
        var isEnded = false
        var isClosed = false
    }

    private let state = Mutex(State())

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Waits so long, or until `end`, `close`, or the task's cancellation; not at all if one of the first two has come since the last
    /// wait.
    func wait(for duration: Duration) async {
        let sleep = Task<Void, Never> {
            // It ends early by being cancelled, which is what is meant then.
            try? await Task.sleep(for: duration)
        }
        let isOver = state.withLock { state in
            let isOver = state.isEnded || state.isClosed
            state.isEnded = false
            state.waiting = isOver ? nil : sleep
            return isOver
        }
        if isOver { sleep.cancel() }
        await withTaskCancellationHandler {
            await sleep.value
        } onCancel: {
            sleep.cancel()
        }
        state.withLock { $0.waiting = nil }
    }

    /// Ends the wait that is under way, or else the next one.
    func end() {
        let waiting = state.withLock { state in
            state.isEnded = state.waiting == nil
            return state.waiting.take()
        }
        waiting?.cancel()
    }

    /// Ends this wait and all to come.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            return state.waiting.take()
        }
        waiting?.cancel()
    }
}
