import ArgumentParser

struct EnginesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engines",
        abstract: "List the storage engines of this build and their options.",
        discussion: """
            Example: kvnode engines

            \(ExitCode.plainDiscussion)
            """)

    @Flag(name: .long, help: "Print JSON: a list with an object for each engine.")
    var json = false

    private struct Engine: Encodable {
        struct Option: Encodable {
            var key, help, takes, `default`: String
        }

        var name: String
        var options: [Option]

        init(_ name: String, _ table: SettingTable) {
            self.name = name
            options = table.settings.filter { $0.key.hasPrefix("engine.\(name).") }.map {
                Option(
                    key: $0.key, help: $0.help, takes: $0.kind.accepted, default: $0.defaultValue.text)
            }
        }

        var text: String {
            let lines = options.flatMap {
                ["  \($0.key)", "      \($0.help)", "      takes \($0.takes); default: \($0.default)"]
            }
            return ([name] + lines).map { $0 + "\n" }.joined()
        }
    }

    func run() throws {
        let table = SettingTable()
        let engines = EngineRegistry.names.map { Engine($0, table) }
        try Output.standardOutput.print(
            json ? try JSONText.encode(engines) : engines.map(\.text).joined())
    }
}
