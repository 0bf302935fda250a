import Foundation
import Logging
import Synchronization
import Testing

@testable import kvnode

@Suite struct LogLineTests {
    private func line(_ message: String, _ fields: Logger.Metadata = [:]) -> LogLine {
        LogLine(time: "T", level: .notice, label: "l", message: message, fields: fields)
    }

    @Test func textSortsFieldsAndStaysOnItsLine() {
        #expect(line("m", ["b": "2", "a": "1"]).text == "T notice l: m a=1 b=2")
        #expect(line("a\nb\u{1B}[0m").text == "T notice l: a\\nb\\u001b[0m")
    }

    @Test func jsonIsJSON() throws {
        let fields: Logger.Metadata = ["q": "\"\\\n\u{1}é", "list": ["x", "y"], "map": ["k": "v"]]
        let text = line("m\"", fields).json
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let metadata = try #require(object["metadata"] as? [String: Any])
        #expect(object["level"] as? String == "notice" && object["message"] as? String == "m\"")
        #expect(metadata["q"] as? String == "\"\\\n\u{1}é")
        #expect(
            metadata["list"] as? [String] == ["x", "y"] && metadata["map"] as? [String: String] == ["k": "v"])
        #expect(!text.contains("\n"))
    }

    @Test func timesAreUTC() {
        #expect(LogLine.format(seconds: 0, milliseconds: 7) == "1970-01-01T00:00:00.007Z")
        #expect(LogLine.format(seconds: 951_782_399, milliseconds: 999) == "2000-02-28T23:59:59.999Z")
    }

    @Test func theHandlerHonoursLevelAndMetadata() {
        let lines = LineCollector()
        var logger = Logger(label: "x") { label in
            LineLogHandler(label: label, level: .info, format: .text) { lines.append($0) }
        }
        logger[metadataKey: "node"] = "n"
        logger.debug("hidden")
        logger.warning("seen", metadata: ["k": "v"])
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.hasSuffix(" warning x: seen k=v node=n\n") == true)
    }
}

private final class LineCollector: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
}
