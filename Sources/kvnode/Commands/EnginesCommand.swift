import ArgumentParser

struct EnginesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engines",
        abstract: "List the storage engines of this build and their options.")

    func run() throws {
        let table = SettingTable()
        for engine in EngineRegistry.names {
            try Output.standardOutput.print(engine + "\n")
            let prefix = "engine.\(engine)."
            for setting in table.settings where setting.key.hasPrefix(prefix) {
                try Output.standardOutput.print(
                    """
                      \(setting.key)
                          \(setting.help)
                          takes \(setting.kind.accepted); default: \(setting.defaultValue.text)

                    """)
            }
        }
    }
}
