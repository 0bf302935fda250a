import NIOCore
import Testing

@testable import TextAPI

@Suite struct RESPWriterTests {
    private func written(_ version: RESPWriter.Version = .two, _ body: (inout RESPWriter) -> Void) -> String {
        var writer = RESPWriter()
        writer.version = version
        body(&writer)
        return String(buffer: writer.buffer)
    }

    @Test func repliesThatBothVersionsHave() {
        for version in [RESPWriter.Version.two, .three] {
            #expect(written(version) { $0.simple("OK") } == "+OK\r\n")
            #expect(written(version) { $0.error("no such key") } == "-ERR no such key\r\n")
            #expect(
                written(version) { $0.error("of another", code: "WRONGTYPE") } == "-WRONGTYPE of another\r\n")
            #expect(written(version) { $0.bulk("a\r\nb".utf8) } == "$4\r\na\r\nb\r\n")
            #expect(written(version) { $0.bulk([]) } == "$0\r\n\r\n")
            #expect(written(version) { $0.array(2) } == "*2\r\n")
            for number in [0, 7, 10, -1, 1_000, .max, .min] {
                #expect(written(version) { $0.integer(number) } == ":\(number)\r\n")
            }
        }
    }

    @Test func repliesThatTheSecondVersionWritesAsOthers() {
        #expect(written(.two) { $0.null() } == "$-1\r\n")
        #expect(written(.three) { $0.null() } == "_\r\n")
        #expect(written(.two) { $0.text("a b") } == "$3\r\na b\r\n")
        #expect(written(.three) { $0.text("a b") } == "=7\r\ntxt:a b\r\n")
        #expect(written(.two) { $0.map(3) } == "*6\r\n")
        #expect(written(.three) { $0.map(3) } == "%3\r\n")
    }

    @Test func anErrorStaysOneLine() {
        #expect(written { $0.error("a\r\n+OK\u{0}") } == "-ERR a  +OK \r\n")
    }
}
