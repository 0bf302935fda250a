import ArgumentParser

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back a cluster up, and bring it back.",
        discussion: """
            A backup has a part of each node, all of one name, in one place: a folder, or a bucket of S3 and a prefix. It can \
            be restored to nodes with any engine, and to a cluster of any size.
            """,
        subcommands: [
            BackupCreateCommand.self, BackupStatusCommand.self, BackupCancelCommand.self,
            BackupListCommand.self, BackupVerifyCommand.self, BackupRestoreCommand.self,
            BackupPruneCommand.self,
        ])
}

extension ExitCode {
    /// For the help of the commands on backups.
    static let backupDiscussion = """
        Exit codes: 0 done, 1 another failure, 2 there is no such backup, 3 what is there is damaged or not the right key's, 4 \
        a node or the storage can't be reached, or refuses, 5 not as things stand, 64 bad arguments, 141 nobody reads the \
        output any more.
        """
}
