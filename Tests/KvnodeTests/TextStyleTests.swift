import Testing

@testable import kvnode

@Suite struct TextStyleTests {
    private let colour = TextStyle(isTerminal: true, environment: ["TERM": "xterm", "NO_COLOR": ""])

    @Test func coloursAreForTerminalsWhoseOwnersWantThem() {
        #expect(colour.bad("x") == "\u{1B}[31mx\u{1B}[0m")
        for style in [
            TextStyle(isTerminal: false, environment: ["TERM": "xterm"]),
            TextStyle(isTerminal: true, environment: ["TERM": "dumb"]),
            TextStyle(isTerminal: true, environment: ["TERM": "xterm", "NO_COLOR": "1"]), .plain,
        ] {
            #expect(style.bad("x") == "x" && style.good("x") == "x" && style.heading("x") == "x")
        }
    }

    @Test func theColumnsOfATableAreAsWideWithColours() {
        let table = TextTable(["one", "b"], [["1", "2"]], colour).text
        #expect(table == "\u{1B}[1mone  b\u{1B}[0m\n1    2\n")
        #expect(colour.problems([]) == "\u{1B}[32mall is well\u{1B}[0m\n")
        #expect(TextStyle.plain.problems(["a", "b"]) == "! a\n! b\n")
    }
}
