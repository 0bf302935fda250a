import ArgumentParser
import Messages
import SwiftProtobuf

struct LostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lost",
        abstract: "Declare a dead member lost: a change goes on without it.",
        discussion: """
            What it alone had is given up. If it comes back, it copies what it may have missed before it is read from. \
            The next change waits for it again.

            Example: kvnode cluster lost node1

            \(ExitCode.clusterDiscussion)
            """)

    @Argument(help: "The member's name.")
    var name: String

    @Flag(
        name: .long,
        help: """
            Also if it lives, and if half of the members or more would be lost; if those live and take part in a change, \
            there may be two clusters.
            """)
    var force = false

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let (name, force) = (name, force)
        let reply = try await options.run { client, call in
            try await client.declareLost(
                .with {
                    $0.node = name
                    $0.force = force
                }, options: call)
        }
        try options.print(reply) {
            $0.changed ? "\(name) is declared lost\n" : "\(name) was declared lost already\n"
        }
    }
}
