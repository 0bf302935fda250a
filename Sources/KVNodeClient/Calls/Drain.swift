internal import Synchronization

/// The calls under way, whose end a shutdown waits for.
final class Drain: Sendable {
    private struct State {
        var calls = 0
        var isClosing = false

        var isOver: Bool { isClosing && calls == 0 }
    }

    private let state = Mutex(State())
    private let (over, end) = AsyncStream.makeStream(of: Void.self)

    /// A call begins.
    func begin() { state.withLock { $0.calls += 1 } }

    /// A call has ended.
    func finish() {
        change { $0.calls -= 1 }
    }

    /// From now on the last call's end is the end of all.
    func close() {
        change { $0.isClosing = true }
    }

    /// Until it is closed and no call is left, or the task is cancelled.
    func wait() async {
        for await _ in over {}
    }

    private func change(_ body: (inout State) -> Void) {
        let isOver = state.withLock { state in
            body(&state)
            return state.isOver
        }
        if isOver { end.finish() }
    }
}
