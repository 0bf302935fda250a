import ArgumentParser

struct EngineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Look after a node's storage engine.",
        subcommands: [MigrateCommand.self, RepairCommand.self])
}
