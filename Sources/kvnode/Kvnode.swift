import ArgumentParser

/// The command line.
@main
struct Kvnode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kvnode",
        abstract: "A replicated key-value store.",
        version: Version.current,
        subcommands: [
            ServeCommand.self, DevCommand.self, ConfigCommand.self, MetricsCommand.self, EnginesCommand.self,
            EngineCommand.self, CertificateCommand.self, UserCommand.self, GetCommand.self, PutCommand.self,
            DeleteCommand.self, ListCommand.self, HealthCommand.self, ClusterCommand.self, BackupCommand.self,
        ])
}

enum Version {
    static let current = "0.1.0"
}
