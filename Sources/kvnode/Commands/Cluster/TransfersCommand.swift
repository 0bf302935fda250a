import ArgumentParser
import Messages

struct TransfersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfers",
        abstract: "Show what nodes copy to themselves, and the hints that they keep.",
        discussion: """
            Each node knows its own alone: name several with --endpoint. With --json, one status a line.

            Example: kvnode cluster transfers --endpoint 127.0.0.1:7400 --endpoint 127.0.0.1:7410

            \(ExitCode.clusterDiscussion)
            """)

    @OptionGroup var nodes: NodesOptions

    @Flag(name: .long, help: "Print JSON, errors included.")
    var json = false

    func run() async throws {
        var failure: ExitCode?
        for connection in try nodes.connections(json: json) {
            do {
                let status = try await connection.run { client, call in
                    try await ClusterOptions.Client(wrapping: client).status(.init(), options: call)
                }
                try Output.standardOutput.print(json ? try ProtoJSON.text(status) : Self.text(status))
            } catch let code as ExitCode where code != .brokenPipe {
                // The others are asked all the same.
                failure = failure ?? code
            }
        }
        if let failure { throw failure }
    }

    static func text(_ status: Kvnode_V1_ClusterStatus) -> String {
        let hints = status.hints
        return """
            \(status.node)
              copies  \(status.hasFilling ? StatusReport.inWords(status.filling) : "nothing")
              hints   \(hints.count) kept, \(Quantity.bytes(hints.bytes)); since the start \(hints.stored) stored, \
            \(hints.delivered) handed back, \(hints.expired) too old, \(hints.unkept) without room

            """
    }
}
