import API
import Logging
import NIOCore
import Synchronization
import Testing

@testable import kvnode

@Suite struct LogLevelTests {
    private let levels = LogLevels(configured: .info)
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func level(_ label: String) -> Logger.Level { levels.cell(of: label).level }

    private func make() {
        for label in ["kvnode", "audit"] { _ = levels.cell(of: label) }
    }

    @Test func whatIsConfiguredHoldsUntilItIsChanged() throws {
        make()
        #expect(level("kvnode") == .info)
        _ = try levels.set(.debug, of: nil, until: nil)
        #expect(level("kvnode") == .debug && level("audit") == .debug)
        // One that comes later as well.
        #expect(level("later") == .debug)
        _ = try levels.set(.error, of: "audit", until: nil)
        #expect(level("audit") == .error && level("kvnode") == .debug)
        _ = try levels.set(nil, of: "audit", until: nil)
        #expect(level("audit") == .debug)
        _ = try levels.set(.error, of: "audit", until: nil)
        _ = try levels.set(nil, of: nil, until: nil)
        #expect(level("audit") == .info && level("kvnode") == .info)
    }

    @Test func aChangeEndsUnlessAnotherHasTakenItsPlace() throws {
        make()
        let first = try levels.set(.debug, of: "audit", until: start)
        let second = try levels.set(.trace, of: "audit", until: start)
        levels.expire(first)
        #expect(level("audit") == .trace)
        levels.expire(second)
        #expect(level("audit") == .info)
    }

    @Test func aLoggerThatThereIsNotIsRefused() {
        make()
        #expect(throws: UnknownLogger(name: "adit", known: ["audit", "kvnode"])) {
            try levels.set(.debug, of: "adit", until: nil)
        }
    }

    @Test func theReportHasWhatIsChangedAndForHowLong() throws {
        make()
        _ = try levels.set(.debug, of: "audit", until: start + .seconds(9))
        let report = levels.report(now: start)
        #expect(report.configured == .info)
        #expect(
            report.loggers == [
                .init(logger: "audit", level: .debug, isChanged: true, remaining: .seconds(9)),
                .init(logger: "kvnode", level: .info, isChanged: false, remaining: nil),
            ])
        #expect(levels.report(now: start + .seconds(10)).loggers[0].remaining == .zero)
    }

    // MARK: In a logger

    private func makeLog(_ lines: Lines, format: LogFormat? = .text, isTerminal: Bool = true) -> NodeLog {
        NodeLog(
            NodeConfiguration.Log(
                level: .info, format: format, maxQueuedBytes: 1 << 20, repeatInterval: .seconds(60),
                slowRequests: nil),
            source: LogSource(node: "n", cluster: "c", version: "1"), isTerminal: isTerminal,
            write: { lines.add($0) })
    }

    @Test(arguments: [
        (LogFormat?.none, true, false), (nil, false, true), (.text, false, false), (.json, true, true),
    ])
    func aTerminalGetsLinesForPeople(_ format: LogFormat?, isTerminal: Bool, isJSON: Bool) {
        let lines = Lines()
        let log = makeLog(lines, format: format, isTerminal: isTerminal)
        Logger(label: "x") { LineLogHandler(label: $0, log) }.warning("seen")
        log.finish(within: .seconds(60))
        #expect(lines.text.hasPrefix("{") == isJSON && lines.text.contains("seen"))
    }

    @Test func aLoggerGoesByTheLevelOfNow() throws {
        let lines = Lines()
        let log = makeLog(lines)
        var logger = Logger(label: "x") { LineLogHandler(label: $0, log) }
        logger[metadataKey: "node"] = "n"
        logger.debug("hidden")
        logger.warning("seen", metadata: ["k": "v"])
        _ = try log.levels.set(.debug, of: "x", until: nil)
        logger.debug("now")
        // A copy that was given a level of its own keeps it.
        logger.logLevel = .error
        logger.warning("left out")
        log.finish(within: .seconds(60))
        let all = lines.text.split(separator: "\n").map { $0.drop { $0 != " " } }
        #expect(all == [" warning x: seen k=v node=n", " debug x: now node=n"])
    }

    @Test func anErrorHasItsType() throws {
        let lines = Lines()
        let log = makeLog(lines, format: .json)
        let logger = Logger(label: "x") { LineLogHandler(label: $0, log) }
        logger.error("failed", error: UnknownLogger(name: "a", known: []))
        log.finish(within: .seconds(60))
        #expect(lines.text.contains(#""error.type":"UnknownLogger""#))
    }

    private final class Lines: Sendable {
        private let bytes = Mutex<[UInt8]>([])
        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
        func add(_ more: [UInt8]) { bytes.withLock { $0 += more } }
    }
}
