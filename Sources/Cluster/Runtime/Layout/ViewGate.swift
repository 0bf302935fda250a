import ClusterCore
import Synchronization

/// Through which the peers' requests come in: hands each batch the view that is in force, and tells when all batches of
/// earlier views have been answered.
final class ViewGate: Sendable {
    private struct State {
        var view: LocalView
        /// Batches being served, by the epoch of their view.
        var underWay: [LayoutEpoch: Int] = [:]
        var waiters: [(epoch: LayoutEpoch, body: @Sendable () -> Void)] = []

        mutating func takeReadyWaiters() -> [@Sendable () -> Void] {
            let earliest = underWay.keys.min()
            let isReady = { (epoch: LayoutEpoch) in earliest.map { $0 >= epoch } ?? true }
            defer { waiters.removeAll { isReady($0.epoch) } }
            return waiters.filter { isReady($0.epoch) }.map(\.body)
        }
    }

    private let state: Mutex<State>

    init(_ view: LocalView) { state = Mutex(State(view: view)) }

    var view: LocalView { state.withLock { $0.view } }

    /// Lets a batch in. It counts as under way until the last reference to the passage is gone, so all that serve the
    /// batch keep one.
    func enter() -> Passage {
        let view = state.withLock { state in
            state.underWay[state.view.epoch, default: 0] += 1
            return state.view
        }
        return Passage(view, self)
    }

    fileprivate func leave(_ epoch: LayoutEpoch) {
        let ready = state.withLock { state in
            let left = state.underWay[epoch]! - 1
            state.underWay[epoch] = left == 0 ? nil : left
            return left == 0 ? state.takeReadyWaiters() : []
        }
        for body in ready { body() }
    }

    /// Forgets who waits (`ClusterNode.abandon`).
    func abandon() { state.withLock { $0.waiters = [] } }

    func set(_ view: LocalView) { state.withLock { $0.view = view } }

    /// Calls `body`, on any thread, as soon as no batch of a view before that of `epoch` is under way.
    func whenEnded(before epoch: LayoutEpoch, _ body: @escaping @Sendable () -> Void) {
        let ready = state.withLock { state in
            state.waiters.append((epoch, body))
            return state.takeReadyWaiters()
        }
        for body in ready { body() }
    }
}

/// One batch's leave to be served by one view.
final class Passage: Sendable {
    let view: LocalView
    private let gate: ViewGate

    fileprivate init(_ view: LocalView, _ gate: ViewGate) {
        self.view = view
        self.gate = gate
    }

    deinit { gate.leave(view.epoch) }
}
