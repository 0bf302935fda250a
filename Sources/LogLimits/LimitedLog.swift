import Logging
import Synchronization

/// A logger for something that may happen again and again, such as with each request: the first is told, and of the rest one
/// line in each interval, the latest, with the number of those left out (`left_out`). Any thread.
public final class LimitedLog: Sendable {
    /// A clock that never goes back, and its timer.
    public struct Clock: Sendable {
        var nanoseconds: @Sendable () -> UInt64
        var after: @Sendable (_ nanoseconds: UInt64, _ body: @escaping @Sendable () -> Void) -> Void

        /// - Parameters:
        ///   - nanoseconds: Any thread.
        ///   - after: Calls the body once, so many nanoseconds later, on any thread; or not at all, if all ends before.
        public init(
            nanoseconds: @escaping @Sendable () -> UInt64,
            after: @escaping @Sendable (UInt64, @escaping @Sendable () -> Void) -> Void
        ) {
            self.nanoseconds = nanoseconds
            self.after = after
        }
    }

    fileprivate struct Event {
        var level: Logger.Level
        var message: Logger.Message
        var metadata: Logger.Metadata
    }

    fileprivate struct State {
        var repetition: Repetition
        /// The last that was left out.
        var latest: Event?
        var isTimerSet = false
    }

    private let logger: Logger
    private let clock: Clock
    private let state: Mutex<State>

    /// - Parameters:
    ///   - interval: In nanoseconds.
    ///   - most: Lines in one interval.
    public init(_ logger: Logger, every interval: UInt64, most: Int = 1, clock: Clock) {
        self.logger = logger
        self.clock = clock
        state = Mutex(State(repetition: Repetition(every: interval, most: most)))
    }

    /// It has happened. A level that the logger leaves out counts for nothing.
    public func log(_ level: Logger.Level, _ message: Logger.Message, metadata: Logger.Metadata = [:]) {
        guard logger.logLevel <= level else { return }
        let event = Event(level: level, message: message, metadata: metadata)
        let now = clock.nanoseconds()
        let (leftOut, wait) = state.withLock { state -> (Int?, UInt64?) in
            if let leftOut = state.repetition.occurred(at: now) {
                state.latest = nil
                return (leftOut, nil)
            }
            state.latest = event
            return (nil, state.setTimer(now))
        }
        if let leftOut { tell(event, leftOut) }
        if let wait { setTimer(wait) }
    }

    /// It is over: what was left out is told now, and if it comes back, that is told at once.
    public func end() {
        let (event, leftOut) = state.withLock { state in
            defer { state.latest = nil }
            return (state.latest, state.repetition.end())
        }
        // It is one of those that were left out.
        if let event, leftOut > 0 { tell(event, leftOut - 1) }
    }

    private func setTimer(_ wait: UInt64) {
        clock.after(wait) { [weak self] in self?.intervalEnds() }
    }

    private func intervalEnds() {
        let now = clock.nanoseconds()
        let (event, leftOut, wait) = state.withLock { state -> (Event?, Int, UInt64?) in
            state.isTimerSet = false
            let leftOut = state.repetition.takeLeftOut(at: now)
            // A new interval may have begun since the timer was set.
            guard leftOut > 0 else { return (nil, 0, state.setTimer(now)) }
            defer { state.latest = nil }
            return (state.latest, leftOut, nil)
        }
        if let event { tell(event, leftOut - 1) }
        if let wait { setTimer(wait) }
    }

    private func tell(_ event: Event, _ leftOut: Int) {
        var metadata = event.metadata
        if leftOut > 0 { metadata[Self.leftOutKey] = "\(leftOut)" }
        logger.log(level: event.level, event.message, metadata: metadata)
    }

    /// Names the number of like lines that were left out before one.
    public static let leftOutKey = "left_out"
}

extension LimitedLog.State {
    /// How long the timer is to wait, if there is something left out and no timer yet.
    fileprivate mutating func setTimer(_ now: UInt64) -> UInt64? {
        guard repetition.leftOut > 0, !isTimerSet else { return nil }
        isTimerSet = true
        return repetition.due - min(now, repetition.due)
    }
}
