import ArgumentParser
import Messages

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say how the cluster and the asked node are doing.",
        discussion: """
            What an operator should know comes first, the worst at the top, each line with "!". Hints and copies are \
            those of the asked node.

            Example: kvnode cluster status --endpoint 127.0.0.1:7410

            \(ExitCode.clusterDiscussion)
            """)

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let status = try await options.run { client, call in try await client.status(.init(), options: call) }
        let report = StatusReport(status, TextStyle(.standardOutput))
        try options.print(status) { _ in report.text }
        if !report.problems.isEmpty { throw ExitCode.attention }
    }
}

struct MembersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "members",
        abstract: "List the members, and the nodes that are to be.",
        discussion: """
            Example: kvnode cluster members --json

            \(ExitCode.clusterDiscussion)
            """)

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let status = try await options.run { client, call in try await client.status(.init(), options: call) }
        var members = Kvnode_V1_ClusterStatus()
        members.members = status.members
        try options.print(members) { _ in StatusReport(status, TextStyle(.standardOutput)).members }
    }
}
