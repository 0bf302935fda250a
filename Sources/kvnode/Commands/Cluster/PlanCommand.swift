import ArgumentParser
import Messages

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a commit of all that is staged moves.",
        discussion: """
            While a change is open, that is what can be committed as soon as it is complete.

            Example: kvnode cluster plan

            \(ExitCode.clusterDiscussion)
            """)

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let plan = try await options.run { client, call in try await client.plan(.init(), options: call) }
        try options.print(plan, PlanText.of)
    }
}

enum PlanText {
    static func of(_ plan: Kvnode_V1_LayoutPlan) -> String {
        let rows = plan.shares.map { share in
            [
                share.node, "\(share.before)", "\(share.after)", "\(share.gained)",
                "\(share.before + share.gained - share.after)",
            ]
        }
        return """
            layout version \(plan.expectedVersion) to \(plan.version): \
            \(Quantity.count(plan.replicasMoved, "replica")) to copy, of \
            \(Quantity.count(plan.partitionsMoved, "partition"))

            """
                + plan.warnings.map { "! \($0)\n" }.joined() + "\n"
                + TextTable(["member", "partitions", "after", "to copy", "to give up"], rows).text
    }
}
