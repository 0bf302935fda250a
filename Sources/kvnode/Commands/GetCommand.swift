import ArgumentParser
import Foundation
import KVNodeClient

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Read a key.",
        discussion: """
            Writes the value's bytes to standard output. Concurrent values are written one after another, each \
            with a line on standard error before it, and the context that replaces them all after the last.

            Example: kvnode get alice --bucket carts

            \(ExitCode.clientDiscussion)
            """)

    @Argument(help: "The key.")
    var key: String

    @OptionGroup var options: ClientOptions

    @Flag(name: .long, help: "Print the context (base64) instead of the value.")
    var printContext = false

    func run() async throws {
        let output = SiblingOutput(
            try await ClientSession(options: options).run { store in
                try await store.get(
                    KVNodeStore.Key(key, in: options.bucket), options: options.requestOptions)
            })
        if options.json {
            try Output.standardOutput.print(try JSONText.encode(output))
        } else if printContext {
            try Output.standardOutput.print(output.context.base64EncodedString() + "\n")
        } else {
            try output.write(values: .standardOutput, notes: .standardError)
        }
        if let code = output.exitCode { throw code }
    }
}
