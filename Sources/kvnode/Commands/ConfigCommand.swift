import ArgumentParser

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Look at a node's configuration; and change, while a node runs, what can be changed so.",
        subcommands: [
            ConfigShowCommand.self, ConfigGetCommand.self, ConfigSetCommand.self, ConfigResetCommand.self,
        ],
        defaultSubcommand: ConfigShowCommand.self)
}

struct ConfigShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Check a node's configuration and print every value with its source. (default)",
        discussion: """
            Prints YAML that is a configuration file itself, or an explanation of the keys.

            Example: kvnode config --config node.yaml

            Exit codes: 0 the configuration is valid, 78 it is not.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(name: .long, help: "Print JSON: an object for each key.")
    var json = false

    @Flag(
        name: .long,
        help: "Print what each key means and takes, its default and its variable, instead of values.")
    var explain = false

    func validate() throws {
        if json && explain { throw ValidationError("--json and --explain exclude each other") }
    }

    func run() throws {
        if explain {
            try Output.standardOutput.print(
                SettingTable().settings.map(Self.explanation).joined(separator: "\n"))
            return
        }
        let report = ConfigurationReport(values: try options.load().values)
        try Output.standardOutput.print(json ? try report.json : report.yaml)
    }

    private static func explanation(of setting: Setting) -> String {
        """
        \(setting.key)
            \(setting.help)
            takes \(setting.kind.accepted); default: \(setting.defaultValue.text)
            \(setting.environmentName)

        """
    }
}
