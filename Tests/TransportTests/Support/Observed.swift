import Synchronization

/// A wait that was in vain.
struct TimedOut: Error, CustomStringConvertible {
    var description: String
}

/// State that tests wait on: a waiter is woken by the change that fulfils its condition.
final class Observed<State: Sendable>: Sendable {
    private struct Waiter {
        var condition: @Sendable (State) -> Bool
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct Storage {
        var state: State
        var nextWaiter = 0
        var waiters: [Int: Waiter] = [:]
    }

    private let storage: Mutex<Storage>

    init(_ state: State) { storage = Mutex(Storage(state: state)) }

    var value: State { storage.withLock { $0.state } }

    func update<R: Sendable>(_ change: (inout State) -> R) -> R {
        let (result, woken) = storage.withLock { storage in
            let result = change(&storage.state)
            let fulfilled = storage.waiters.filter { $0.value.condition(storage.state) }
            for id in fulfilled.keys { storage.waiters[id] = nil }
            return (result, fulfilled.values.map(\.continuation))
        }
        for continuation in woken { continuation.resume(returning: true) }
        return result
    }

    /// Returns when `condition` holds; throws if it doesn't in time.
    @discardableResult
    func wait(
        _ what: String, within timeout: Duration = .seconds(60),
        until condition: @escaping @Sendable (State) -> Bool
    ) async throws -> State {
        let id = storage.withLock { storage in
            storage.nextWaiter += 1
            return storage.nextWaiter
        }
        let timer = Task {
            try await Task.sleep(for: timeout)
            storage.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(returning: false)
        }
        defer { timer.cancel() }
        let isFulfilled = await withCheckedContinuation { continuation in
            let holds = storage.withLock { storage in
                guard !condition(storage.state) else { return true }
                storage.waiters[id] = Waiter(condition: condition, continuation: continuation)
                return false
            }
            if holds { continuation.resume(returning: true) }
        }
        guard isFulfilled else {
            throw TimedOut(description: "no '\(what)' within \(timeout); state: \(value)")
        }
        return value
    }
}
