import Engine
import LogLimits
import Logging
import Synchronization
import Testing

@testable import kvnode

@Suite struct EngineLogTests {
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private struct Recorder: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        init(lines: Lines) { self.lines = lines }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
            lines.add("\(event.level) \(event.message)" + fields.joined())
        }
    }

    @Test func failuresThatGoOnAreToldOnceAndTheirEndTellsOfTheRest() {
        let lines = Lines()
        let logger = Logger(label: "engine") { _ in Recorder(lines: lines) }
        let logs = LimitedLogs(
            logger, every: 1_000, clock: LimitedLog.Clock(nanoseconds: { 0 }, after: { _, _ in }))
        let log = EngineLog(logs, engine: "toy", path: "/d/engine", logger)
        let full = EngineError(.noSpace, "no space left")
        for _ in 0..<4 { log.tell(.writeFailed(full)) }
        log.tell(.writeFailed(EngineError(.io, "input/output error")))
        log.tell(.readFailed(EngineError(.corruption, "a damaged block")))
        // Each of the three is told by itself.
        #expect(lines.all.count == 3)
        #expect(lines.all[0].hasPrefix("error the engine has no room for writes"))
        #expect(
            lines.all[0].contains("directory=/d/engine engine=toy error=")
                && lines.all[1].contains("cannot write"))
        #expect(lines.all[2].contains("kvnode engine repair"))
        log.tell(.writesAgain)
        #expect(lines.all.count == 5)
        #expect(lines.all[3].contains("no room") && lines.all[3].hasSuffix("left_out=2"))
        #expect(lines.all[4] == "notice the engine writes again directory=/d/engine engine=toy")
        log.tell(.writeFailed(full))
        #expect(lines.all.count == 6)
    }
}
