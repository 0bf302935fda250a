import ArgumentParser
import Testing

@testable import kvnode

/// The help of all commands, from ArgumentParser's own description of them.
@Suite struct CommandHelpTests {
    /// Commands whose output is no data: they serve, or say in a line that what was asked for is done.
    private static let withoutData: Set = [
        "kvnode serve", "kvnode dev", "kvnode completion", "kvnode man", "kvnode cert init",
        "kvnode cert revoke",
        "kvnode user add", "kvnode user set", "kvnode user passwd", "kvnode user remove",
    ]

    private let help: CommandHelp

    init() throws { help = try CommandHelp(dump: Kvnode._dumpHelp()) }

    private func examples(_ command: CommandHelp) -> [String] {
        (command.discussion ?? "").split(separator: "\n").filter { $0.hasPrefix("Example: ") }.map {
            String($0.dropFirst("Example: ".count))
        }
    }

    /// As a shell parts words, of which only single quotes are used.
    private func words(_ line: String) -> [String] {
        var words: [String] = [""]
        var isQuoted = false
        for character in line {
            switch character {
            case "'": isQuoted.toggle()
            case " " where !isQuoted: words.append("")
            default: words[words.count - 1].append(character)
            }
        }
        return words
    }

    @Test func theSubcommandsAreThoseThatPeopleExpect() {
        let names = Set(help.shown.map(\.commandName))
        let expected = [
            "serve", "dev", "get", "put", "del", "list", "status", "cluster", "bucket", "user", "cert",
            "backup",
            "engine", "config", "top", "version", "completion", "man",
        ]
        #expect(names.isSuperset(of: expected))
    }

    @Test func eachCommandSaysWhatItDoesAndHowItEnds() {
        #expect(help.leaves.count > 50)
        for command in help.leaves {
            let abstract = command.abstract ?? ""
            #expect(abstract.hasSuffix(".") || abstract.hasSuffix("(default)"), "\(command.path)")
            #expect((command.discussion ?? "").contains("Exit codes: 0 "), "\(command.path)")
            for argument in command.own {
                #expect(!(argument.abstract ?? "").isEmpty, "\(command.path): \(argument.valueName ?? "?")")
            }
        }
    }

    @Test func eachCommandHasAnExampleThatIsValid() {
        for command in help.leaves {
            let examples = examples(command)
            #expect(examples.count == 1, "\(command.path)")
            for example in examples {
                // What is the default of the command above it may be left out.
                let path = command.path == "kvnode config show" ? "kvnode config" : command.path
                #expect(example == path || example.hasPrefix(path + " "), "\(example)")
                let arguments = Array(words(example).dropFirst())
                #expect(throws: Never.self, "\(example)") { _ = try Kvnode.parseAsRoot(arguments) }
            }
        }
    }

    @Test func whatTellsDataTellsItInJSON() {
        for command in help.leaves {
            let hasJSON = command.own.contains { ($0.names ?? []).contains { $0.text == "--json" } }
            #expect(hasJSON != Self.withoutData.contains(command.path), "\(command.path)")
        }
    }

    @Test func theManualHasAllCommandsAndTheirOptions() {
        let manual = ManualPage(help, version: "1.2").text
        #expect(manual.hasPrefix(".TH KVNODE 1 \"\" \"kvnode 1.2\""))
        for command in help.leaves {
            #expect(manual.contains("\n.SS \"\(command.path)\"\n"), "\(command.path)")
        }
        #expect(manual.contains("\\fB\\-\\-no\\-password\\fR"))
        // A line that begins with a dot or a quote would be an instruction.
        let macros = Set(
            manual.split(separator: "\n").filter { $0.hasPrefix(".") || $0.hasPrefix("'") }.map {
                String($0.prefix { $0 != " " })
            })
        #expect(macros == [".TH", ".SH", ".SS", ".PP", ".TP", ".B"])
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completionKnowsTheCommands(_ shell: String) throws {
        let shell = try #require(CompletionCommand.Shell(rawValue: shell))
        let script = Kvnode.completionScript(for: shell.completion)
        for word in ["transfers", "completion", "last-write-wins"] { #expect(script.contains(word)) }
    }
}
