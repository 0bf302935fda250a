import ArgumentParser

struct EnginesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engines",
        abstract: "List the storage engines of this build and their options.")

    func run() {
        let table = SettingTable()
        for engine in EngineRegistry.names {
            Output.standardOutput.write(engine + "\n")
            let prefix = "engine.\(engine)."
            for setting in table.settings where setting.key.hasPrefix(prefix) {
                Output.standardOutput.write(
                    """
                      \(setting.key)
                          \(setting.help)
                          takes \(setting.kind.accepted); default: \(setting.defaultValue.text)

                    """)
            }
        }
    }
}
