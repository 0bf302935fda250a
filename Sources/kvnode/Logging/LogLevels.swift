import API
import Logging
import NIOCore
import Synchronization

/// The least severe events that each logger writes: what is configured, but for what an operator has changed since. Any thread.
final class LogLevels: Sendable {
    /// The level of the loggers with one label. To ask it costs an atomic load.
    final class Cell: Sendable {
        private static let levels = Logger.Level.allCases
        private let index: Atomic<Int>

        fileprivate init(_ level: Logger.Level) { index = Atomic(Self.index(of: level)) }

        var level: Logger.Level { Self.levels[index.load(ordering: .relaxed)] }

        fileprivate func set(_ level: Logger.Level) {
            index.store(Self.index(of: level), ordering: .relaxed)
        }

        private static func index(of level: Logger.Level) -> Int { levels.firstIndex(of: level)! }
    }

    fileprivate struct Change {
        var level: Logger.Level
        /// When it ends by itself.
        var end: NIODeadline?
        /// Tells it from others of the same loggers.
        var number: Int
    }

    fileprivate struct State {
        var cells: [String: Cell] = [:]
        /// By label; that of all which have none of their own is under "".
        var changes: [String: Change] = [:]
        var changeCount = 0
    }

    private let configured: Logger.Level
    private let state = Mutex(State())

    init(configured: Logger.Level) { self.configured = configured }

    /// The level of the loggers with this label.
    func cell(of label: String) -> Cell {
        state.withLock { state in
            if let cell = state.cells[label] { return cell }
            let cell = Cell(state.level(of: label, configured))
            state.cells[label] = cell
            return cell
        }
    }

    func report(now: NIODeadline) -> LogLevelReport {
        state.withLock { state in
            let loggers = state.cells.keys.sorted().map { label in
                let change = state.change(of: label)
                return LogLevelReport.Entry(
                    logger: label, level: change?.level ?? configured, isChanged: change != nil,
                    remaining: change?.end.map { $0 < now ? .zero : $0 - now })
            }
            return LogLevelReport(configured: configured, loggers: loggers)
        }
    }

    /// Changes a level, or takes a change back.
    ///
    /// - Parameters:
    ///   - level: Nil for what is configured.
    ///   - label: Of the loggers; nil for all, also those that were changed by themselves.
    ///   - end: When it is to be as configured again; nil for never.
    /// - Returns: What `expire` is to be called with at the end.
    func set(
        _ level: Logger.Level?, of label: String?, until end: NIODeadline?
    ) throws(UnknownLogger) -> Int {
        let result = state.withLock { state -> Result<Int, UnknownLogger> in
            if let label, state.cells[label] == nil {
                return .failure(UnknownLogger(name: label, known: state.cells.keys.sorted()))
            }
            if label == nil { state.changes = [:] }
            state.changeCount += 1
            state.changes[label ?? ""] = level.map { Change(level: $0, end: end, number: state.changeCount) }
            state.apply(configured)
            return .success(state.changeCount)
        }
        return try result.get()
    }

    /// The time of a change is over, unless another has taken its place.
    func expire(_ number: Int) {
        state.withLock { state in
            state.changes = state.changes.filter { $0.value.number != number }
            state.apply(configured)
        }
    }
}

extension LogLevels.State {
    fileprivate func change(of label: String) -> LogLevels.Change? { changes[label] ?? changes[""] }

    fileprivate func level(of label: String, _ configured: Logger.Level) -> Logger.Level {
        change(of: label)?.level ?? configured
    }

    fileprivate func apply(_ configured: Logger.Level) {
        for (label, cell) in cells { cell.set(level(of: label, configured)) }
    }
}
