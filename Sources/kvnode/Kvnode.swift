import ArgumentParser

/// The command line.
@main
struct Kvnode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kvnode",
        abstract: "A replicated key-value store.",
        discussion: """
            Commands that ask a node find it by --endpoint or KVNODE_ENDPOINT, 127.0.0.1:7400 otherwise. With --json they print \
            JSON, errors included. Colours are for terminals alone, and not if NO_COLOR is set. Each command's help has an example \
            and its exit codes.

            Example: kvnode dev, and in another terminal kvnode put greeting hello, kvnode get greeting and kvnode status.

            \(ExitCode.plainDiscussion)
            """,
        version: Version.current,
        subcommands: [
            ServeCommand.self, DevCommand.self, GetCommand.self, PutCommand.self, DeleteCommand.self,
            ListCommand.self, GlanceCommand.self, TopCommand.self, HealthCommand.self, ClusterCommand.self,
            BucketCommand.self, UserCommand.self, CertificateCommand.self, BackupCommand.self,
            EngineCommand.self, EnginesCommand.self, ConfigCommand.self, MetricsCommand.self,
            VersionCommand.self, CompletionCommand.self, ManualCommand.self,
        ])
}

enum Version {
    static let current = "0.1.0"
}
