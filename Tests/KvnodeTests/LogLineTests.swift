import Foundation
import Logging
import Testing

@testable import kvnode

@Suite struct LogLineTests {
    private static let source = LogSource(node: "n1", cluster: "shop", version: "9.9")

    private func line(_ message: String, _ fields: Logger.Metadata = [:]) -> LogLine {
        LogLine(time: "T", level: .notice, label: "l", message: message, fields: fields)
    }

    private func object(_ line: LogLine) throws -> [String: Any] {
        let text = line.json(of: Self.source)
        #expect(!text.contains("\n"))
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func textSortsFieldsAndStaysOnItsLine() {
        #expect(line("m", ["b": "2", "a": "1"]).text == "T notice l: m a=1 b=2")
        #expect(line("a\nb\u{1B}[0m").text == "T notice l: a\\nb\\u001b[0m")
    }

    @Test func jsonSaysWhoseItIs() throws {
        let fields = try object(line("m\"\n"))
        #expect(Set(fields.keys) == Set(ECSField.always))
        #expect(fields["@timestamp"] as? String == "T" && fields["log.level"] as? String == "notice")
        #expect(fields["message"] as? String == "m\"\n" && fields["log.logger"] as? String == "l")
        #expect(fields["ecs.version"] as? String == ECSField.version)
        #expect(fields["event.dataset"] as? String == "kvnode.l")
        #expect(
            fields["service.name"] as? String == "kvnode" && fields["service.version"] as? String == "9.9")
        #expect(
            fields["service.node.name"] as? String == "n1" && fields["labels.cluster"] as? String == "shop")
    }

    @Test func theSchemasOwnFieldsComeFirst() {
        let text = line("m", ["z": "1"]).json(of: Self.source)
        #expect(text.hasPrefix(#"{"@timestamp":"T","log.level":"notice","message":"m","ecs.version":"8"#))
    }

    @Test(arguments: ECSField.table) func metadataHasItsField(_ field: ECSField) throws {
        let fields = try object(line("m", [field.key: "1.5"]))
        switch field.kind {
        case .keyword: #expect(fields[field.name] as? String == "1.5")
        case .nanoseconds: #expect(fields[field.name] as? Int == 1_500_000)
        }
        #expect(fields.count == ECSField.always.count + 1)
    }

    @Test func otherMetadataIsLabelsOfText() throws {
        let fields = try object(
            line(
                "m",
                [
                    "q": "\"\\\n\u{1}é", "list": ["x", "y"], "map": ["k": "v"], "Odd.Key-é": "o",
                    "duration_ms": "soon",
                ]))
        #expect(fields["labels.q"] as? String == "\"\\\n\u{1}é")
        #expect(fields["labels.list"] as? String == #"["x","y"]"#)
        #expect(fields["labels.map"] as? String == #"{"k":"v"}"#)
        #expect(fields["labels.odd_key__"] as? String == "o")
        // What is no number does not come into a field of numbers.
        #expect(fields["event.duration"] == nil && fields["labels.duration_ms"] as? String == "soon")
    }

    @Test func keysThatComeToOneLabelAreThereOnce() throws {
        let text = line("m", ["a.b": "1", "a-b": "2", "cluster": "other"]).json(of: Self.source)
        #expect(text.components(separatedBy: "labels.a_b").count == 2)
        #expect(text.components(separatedBy: "labels.cluster").count == 2)
    }

    @Test func aLineHasABound() throws {
        let long = String(repeating: "é", count: 100_000)
        let fields = try object(line(long, ["detail": "\(long)"]))
        for name in ["message", "labels.detail"] {
            let text = try #require(fields[name] as? String)
            #expect(text.hasSuffix("…") && text.count == 8_193)
        }
        #expect(line(long).text.count < 9_000)
    }

    @Test func timesAreUTC() {
        #expect(LogLine.format(seconds: 0, milliseconds: 7) == "1970-01-01T00:00:00.007Z")
        #expect(LogLine.format(seconds: 951_782_399, milliseconds: 999) == "2000-02-28T23:59:59.999Z")
    }
}
