import Logging
import Synchronization
import Testing

@testable import LogLimits

@Suite struct LimitedLogTests {
    /// A clock and its timer, moved by the test; and the lines that were told.
    private final class Bench: Sendable {
        private struct State {
            var now: UInt64 = 1_000
            var timers: [(due: UInt64, body: @Sendable () -> Void)] = []
            var lines: [String] = []
        }

        private let state = Mutex(State())

        var lines: [String] { state.withLock { $0.lines } }
        var timerCount: Int { state.withLock { $0.timers.count } }

        func add(_ line: String) { state.withLock { $0.lines.append(line) } }

        func advance(_ nanoseconds: UInt64) {
            let due = state.withLock { state in
                state.now += nanoseconds
                let now = state.now
                defer { state.timers.removeAll { $0.due <= now } }
                return state.timers.filter { $0.due <= now }
            }
            for timer in due { timer.body() }
        }

        func makeLog(level: Logger.Level = .trace, most: Int = 1) -> LimitedLog {
            let logger = Logger(label: "x") { _ in Handler(bench: self, logLevel: level) }
            return LimitedLog(
                logger, every: 100, most: most,
                clock: LimitedLog.Clock(
                    nanoseconds: { self.state.withLock { $0.now } },
                    after: { wait, body in
                        self.state.withLock { $0.timers.append(($0.now + wait, body)) }
                    }))
        }
    }

    private struct Handler: LogHandler {
        let bench: Bench
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level

        init(bench: Bench, logLevel: Logger.Level) {
            self.bench = bench
            self.logLevel = logLevel
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
            bench.add("\(event.level) \(event.message)" + fields.joined())
        }
    }

    @Test func eachIntervalTellsTheLatestWithTheNumberLeftOut() {
        let bench = Bench()
        let log = bench.makeLog()
        for number in 1...4 { log.log(.warning, "it fails", metadata: ["number": "\(number)"]) }
        #expect(bench.lines == ["warning it fails number=1"])
        bench.advance(100)
        #expect(bench.lines.dropFirst() == ["warning it fails left_out=2 number=4"])
        // That line was the one of the interval after.
        log.log(.warning, "it fails", metadata: ["number": "5"])
        #expect(bench.lines.count == 2)
        bench.advance(100)
        #expect(bench.lines.dropFirst(2) == ["warning it fails number=5"])
        bench.advance(1_000)
        #expect(bench.lines.count == 3 && bench.timerCount == 0)
    }

    @Test func whatIsAloneHasNeitherCountNorTimer() {
        let bench = Bench()
        let log = bench.makeLog()
        for _ in 0..<3 {
            log.log(.error, "once")
            bench.advance(100)
        }
        #expect(bench.lines == ["error once", "error once", "error once"] && bench.timerCount == 0)
    }

    @Test func itsEndTellsWhatWasLeftOut() {
        let bench = Bench()
        let log = bench.makeLog()
        for _ in 0..<3 { log.log(.error, "full") }
        log.end()
        #expect(bench.lines == ["error full", "error full left_out=1"])
        log.end()
        log.log(.error, "full")
        #expect(bench.lines.count == 3)
        // The timer of the time before finds nothing.
        bench.advance(1_000)
        #expect(bench.lines.count == 3)
    }

    @Test func aTimerThatComesInALaterIntervalWaitsForIt() {
        let bench = Bench()
        let log = bench.makeLog()
        log.log(.error, "full")
        log.log(.error, "full")
        log.end()
        bench.advance(50)
        for _ in 0..<3 { log.log(.error, "full") }
        let before = bench.lines.count
        bench.advance(50)
        #expect(bench.lines.count == before && bench.timerCount == 1)
        bench.advance(50)
        #expect(bench.lines.last == "error full left_out=1" && bench.lines.count == before + 1)
    }

    @Test func severalMayBeToldInAnInterval() {
        let bench = Bench()
        let log = bench.makeLog(most: 2)
        for _ in 0..<5 { log.log(.warning, "slow") }
        #expect(bench.lines.count == 2)
        bench.advance(100)
        #expect(bench.lines.last == "warning slow left_out=2")
    }

    @Test func whatTheLoggerLeavesOutCountsForNothing() {
        let bench = Bench()
        let log = bench.makeLog(level: .error)
        for _ in 0..<3 { log.log(.debug, "detail") }
        log.log(.error, "news")
        bench.advance(1_000)
        #expect(bench.lines == ["error news"])
    }
}
