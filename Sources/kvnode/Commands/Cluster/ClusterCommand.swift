import ArgumentParser

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Look after the cluster: its members, and the changes of its layout.",
        discussion: """
            Any node can be asked. A change has two steps: join, leave, replace, weight, zone and address stage what is \
            to be, and commit begins it; plan shows beforehand what a commit moves.

            \(ExitCode.clusterDiscussion)
            """,
        subcommands: [
            StatusCommand.self, MembersCommand.self, PlanCommand.self, JoinCommand.self, LeaveCommand.self,
            ReplaceCommand.self, WeightCommand.self, ZoneCommand.self, AddressCommand.self,
            UnstageCommand.self, CommitCommand.self, LostCommand.self, TransfersCommand.self,
            RingCommand.self,
        ])
}

extension ExitCode {
    /// `status` has found something that an operator should know.
    static let attention = ExitCode(2)

    static let clusterDiscussion = """
        Exit codes: 0 done, 1 another failure, 2 status has something to tell that an operator should know, 4 the node \
        can't be reached, or the end of the change did not come within --timeout, 5 refused as things stand (the message \
        says why), 64 bad arguments, or a name or value that the node finds wrong, 141 nobody reads the output any more.
        """
}
