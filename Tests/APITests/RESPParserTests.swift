import ClusterCore
import NIOCore
import Testing

@testable import TextAPI

@Suite struct RESPParserTests {
    private typealias Command = [[UInt8]]

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// All commands in what comes in these pieces, and the error that ends them, if one does.
    private func parse(
        _ pieces: [[UInt8]], limits: RESPParser.Limits = .init()
    ) -> (commands: [Command], error: RESPProtocolError?) {
        var parser = RESPParser(limits: limits)
        var commands: [Command] = []
        do throws(RESPProtocolError) {
            for piece in pieces {
                parser.append(ByteBuffer(bytes: piece))
                while try parser.next() {
                    commands.append((0..<parser.count).map { Array(parser.argument($0)) })
                }
            }
        } catch {
            return (commands, error)
        }
        return (commands, nil)
    }

    private func commands(_ text: String) -> [[String]] {
        let (commands, error) = parse([bytes(text)])
        #expect(error == nil, "\(text.debugDescription)")
        return commands.map { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    private func error(_ text: String, limits: RESPParser.Limits = .init()) -> RESPProtocolError? {
        parse([bytes(text)], limits: limits).error
    }

    private static func encode(_ command: [[UInt8]]) -> [UInt8] {
        var writer = RESPWriter()
        writer.array(command.count)
        for argument in command { writer.bulk(argument) }
        return Array(buffer: writer.buffer)
    }

    @Test func arraysOfBulkStrings() {
        #expect(commands("*1\r\n$4\r\nPING\r\n") == [["PING"]])
        #expect(commands("*2\r\n$3\r\nGET\r\n$0\r\n\r\n") == [["GET", ""]])
        #expect(
            commands("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\n\r\n\r\n\r\n*1\r\n$4\r\nQUIT\r\n")
                == [["SET", "k", "\r\n\r\n"], ["QUIT"]])
    }

    @Test func linesOfWords() {
        #expect(commands("PING\r\nset  k\tv \nget k\r\n") == [["PING"], ["set", "k", "v"], ["get", "k"]])
        #expect(commands(#"set "a b" '$c'"# + "\r\n") == [["set", "a b", "$c"]])
        #expect(commands(#"set "\x41\n\"\\\q" 'it\'s \n'"# + "\n") == [["set", "A\n\"\\q", "it's \\n"]])
        #expect(commands(#"set "\xZZ" """# + "\n") == [["set", "xZZ", ""]])
        #expect(commands("echo a\"b c\"\n") == [["echo", "ab c"]])
    }

    @Test func whatIsNoCommandIsPassedOver() {
        #expect(commands("\r\n\n   \r\n*0\r\n*-1\r\nPING\r\n") == [["PING"]])
        #expect(commands("") == [])
        #expect(commands("*2\r\n$3\r\nGET\r\n$1\r\nk\r") == [], "its last byte is to come")
    }

    @Test func bothKindsMayFollowEachOther() {
        #expect(commands("PING\r\n*1\r\n$4\r\nPING\r\nPING\r\n") == [["PING"], ["PING"], ["PING"]])
    }

    @Test func mistakesAreToldInRedissWords() {
        #expect(error("*a\r\n") == .badArrayLength)
        #expect(error("*1048577\r\n") == .badArrayLength)
        #expect(error("*99999999999999999999\r\n") == .badArrayLength)
        #expect(error("*1\r\nPING\r\n")?.message == "Protocol error: expected '$', got 'P'")
        #expect(error("*1\r\n\u{1}")?.message == "Protocol error: expected '$', got '?'")
        #expect(error("*1\r\n$-1\r\n")?.message == "Protocol error: invalid bulk length")
        #expect(error("*1\r\n$01\r\n") == .badBulkLength)
        #expect(error("get \"k\n")?.message == "Protocol error: unbalanced quotes in request")
        #expect(error("get \"k\"k\n") == .unbalancedQuotes)
        #expect(error("get 'k\\'\n") == .unbalancedQuotes)
    }

    @Test func commandsBeforeAMistakeAreFound() {
        let (commands, error) = parse([bytes("PING\r\n*x\r\nPING\r\n")])
        #expect(commands == [[bytes("PING")]] && error == .badArrayLength)
    }

    @Test func nothingIsTakenBeyondTheLimits() {
        let limits = RESPParser.Limits(
            maxArguments: 3, maxArgumentBytes: 10, maxCommandBytes: 15, maxLineBytes: 20)
        #expect(error("*3\r\n$5\r\n12345\r\n$5\r\n12345\r\n$5\r\n12345\r\n", limits: limits) == nil)
        #expect(error("*4\r\n", limits: limits) == .badArrayLength)
        #expect(error("*1\r\n$11\r\n", limits: limits) == .badBulkLength)
        #expect(error("*2\r\n$10\r\n1234567890\r\n$6\r\n", limits: limits) == .badBulkLength)
        // Whether the line's end has come or not.
        for end in ["", "\r\n"] {
            #expect(error("PING 78901234567890123" + end, limits: limits) == .longInlineCommand)
            #expect(error("*0000000000000000000000" + end, limits: limits) == .longArrayHeader)
            #expect(error("*1\r\n$00000000000000000000" + end, limits: limits) == .longBulkHeader)
        }
    }

    /// Commands are the same however they are cut into pieces, and the parser keeps nothing of those before.
    @Test func piecesOfAnySize() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<200 {
            let sent = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                (0..<Int.random(in: 1...5, using: &random)).map { _ in
                    (0..<Int.random(in: 0...40, using: &random)).map { _ in
                        [0, 10, 13, 36, 42, 65].randomElement(using: &random)!
                    } as [UInt8]
                }
            }
            var rest = sent.flatMap(Self.encode)[...]
            var pieces: [[UInt8]] = []
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...30, using: &random))
                pieces.append(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            let found = parse(pieces)
            #expect(found.commands == sent && found.error == nil)
        }
    }
}
