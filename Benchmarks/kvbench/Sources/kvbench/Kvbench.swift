import ArgumentParser

@main
struct Kvbench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kvbench",
        abstract: "Compares kvnode's storage engines under replicated workloads, and kvnode with its peers.",
        subcommands: [
            CompareCommand.self, EngineCommand.self, RecordCommand.self, ReplayCommand.self,
            PeersCommand.self,
        ])
}
