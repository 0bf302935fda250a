/// Paces the scans that build hash trees, so that writes keep the engine's writer thread.
///
/// A value, driven like the coordinators.
public struct TreeBuilder: Sendable {
    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// On the writer thread, between commits, read the page of `HashTrees.nextScan`, up to so many bytes of rows, and
        /// add it; then `scanned` or `failed`.
        case scan(maxBytes: Int)
        /// Call `tick` at this time.
        case wake(at: UInt64)
    }

    public struct Limits: Equatable, Sendable {
        /// Bytes of rows in a page.
        public var pageBytes: Int
        /// Bytes of rows scanned in a second.
        public var bytesPerSecond: Int
        /// Milliseconds before a scan that failed is tried again.
        public var retryPause: UInt64

        public init(
            pageBytes: Int = 128 << 10, bytesPerSecond: Int = 32 << 20, retryPause: UInt64 = 5_000
        ) {
            self.pageBytes = pageBytes
            self.bytesPerSecond = bytesPerSecond
            self.retryPause = retryPause
        }
    }

    private enum State {
        case idle
        /// Whether trees were unbuilt meanwhile.
        case scanning(isNeeded: Bool)
        case waiting(until: UInt64)
    }

    private let limits: Limits
    private var throttle: Throttle
    private var state = State.idle

    public init(limits: Limits) {
        self.limits = limits
        throttle = Throttle(bytesPerSecond: limits.bytesPerSecond)
    }

    /// Some tree is not complete: at the start, after a change of what is held, and after an `unbuild`.
    public mutating func needed(_ actions: inout [Action]) {
        switch state {
        case .idle: scan(&actions)
        case .scanning: state = .scanning(isNeeded: true)
        case .waiting: break
        }
    }

    /// A page was added.
    ///
    /// - Parameters:
    ///   - bytes: Of its rows.
    ///   - isComplete: Whether all trees were complete then.
    public mutating func scanned(bytes: Int, isComplete: Bool, now: UInt64, _ actions: inout [Action]) {
        guard case .scanning(let isNeeded) = state else { return }
        // What is scanned is known only afterwards; the next page waits for it.
        throttle.spend(bytes, now: now)
        if isComplete, !isNeeded {
            state = .idle
        } else {
            wait(until: throttle.opensAt, now: now, &actions)
        }
    }

    public mutating func failed(now: UInt64, _ actions: inout [Action]) {
        guard case .scanning = state else { return }
        wait(until: now + limits.retryPause, now: now, &actions)
    }

    /// A time that `wake` named has come.
    public mutating func tick(now: UInt64, _ actions: inout [Action]) {
        if case .waiting(let time) = state, time <= now { scan(&actions) }
    }

    private mutating func wait(until time: UInt64, now: UInt64, _ actions: inout [Action]) {
        guard time > now else { return scan(&actions) }
        state = .waiting(until: time)
        actions.append(.wake(at: time))
    }

    private mutating func scan(_ actions: inout [Action]) {
        state = .scanning(isNeeded: false)
        actions.append(.scan(maxBytes: limits.pageBytes))
    }
}
