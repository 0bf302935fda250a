import ArgumentParser
import GRPCCore
import Messages
import SwiftProtobuf

struct CommitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit",
        abstract: "Begin the change to all that is staged.",
        discussion: """
            Prints the plan first and commits that; with --expect, it commits only if the layout still has the version \
            for which a plan was made before. A member that leaves, is declared lost and is not connected is declared \
            lost again as soon as the change is open, which would wait for it otherwise.

            Example: kvnode cluster commit --wait

            \(ExitCode.clusterDiscussion)
            """)

    @OptionGroup var options: ClusterOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The layout's version: expected_version of the plan that was looked at.", valueName: "version"))
    var expect: UInt64?

    @Flag(name: .long, help: "Follow the change to its end; progress goes to standard error.")
    var wait = false

    @Option(
        name: .long, help: ArgumentHelp("How long to follow it.", valueName: "seconds"))
    var timeout: UInt32 = 3600

    func run() async throws {
        let command = self
        let failure = try await options.run { client, call -> ExitCode? in
            let before = try await client.status(.init(), options: call)
            let plan = try await command.commit(client, call)
            let dead = before.members.filter { member in
                member.role == .lost && !member.connected
                    && plan.shares.contains { $0.node == member.member.name && $0.after == 0 }
            }.map(\.member.name)
            var watch = ChangeWatch(
                client: client, call: call, version: plan.version, seconds: command.timeout,
                showsProgress: command.wait)
            if !dead.isEmpty {
                guard try await watch.follow(until: .open) != nil else { return .unavailable }
                for name in dead { _ = try await client.declareLost(.with { $0.node = name }, options: call) }
            }
            guard command.wait else { return nil }
            guard let after = try await watch.follow(until: .complete) else { return .unavailable }
            let left = after.staged.filter(before.staged.contains)
            if left.isEmpty { return nil }
            Output.standardError.write(
                "kvnode: another commit came first; still staged: \(StatusReport.inWords(left))\n")
            return .conditionFailed
        }
        if let failure { throw failure }
        if wait, !options.json { try Output.standardOutput.print("the change is complete\n") }
    }

    /// Commits and prints the plan.
    private func commit(
        _ client: ClusterOptions.Client, _ call: CallOptions
    ) async throws -> Kvnode_V1_LayoutPlan {
        let expected: UInt64
        if let expect {
            expected = expect
        } else {
            let plan = try await client.plan(.init(), options: call)
            if !options.json { try Output.standardOutput.print(PlanText.of(plan)) }
            expected = plan.expectedVersion
        }
        let reply = try await client.commit(.with { $0.expectedVersion = expected }, options: call)
        if options.json {
            try Output.standardOutput.print(try ProtoJSON.text(reply))
        } else if expect != nil {
            try Output.standardOutput.print(PlanText.of(reply.plan))
        }
        return reply.plan
    }
}
