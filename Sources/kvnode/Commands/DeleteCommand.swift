import ArgumentParser
import Foundation
import KVNodeClient

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "del",
        abstract: "Delete a key.",
        discussion: """
            Without --context the key is read first, and what that read saw is deleted: a value written \
            concurrently stays. If there is nothing to delete, the exit code is 2.

            Example: kvnode del alice --bucket carts

            \(ExitCode.clientDiscussion)
            """)

    @Argument(help: "The key.")
    var key: String

    @OptionGroup var options: ClientOptions

    @Option(
        name: .long,
        help: ArgumentHelp("Delete the values that the read with this context saw.", valueName: "base64"))
    var context: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Delete only if this is still the key's context.", valueName: "base64"))
    var ifMatch: String?

    @Flag(name: .long, help: "Print the context after the delete (base64).")
    var printContext = false

    func run() async throws {
        let context = try context.map { try ClientOptions.context($0, "--context") }
        let match = try ifMatch.map { try ClientOptions.context($0, "--if-match") }
        let output = try await ClientSession(options: options).run { store in
            try await delete(in: store, context, match)
        }
        if output.found == false {
            if options.json {
                try Output.standardOutput.print(try JSONText.encode(output))
            } else {
                Output.standardError.write("kvnode: the key has no value\n")
            }
            throw ExitCode.notFound
        }
        try output.write(options, printContext: printContext)
    }

    /// Of a key that had to be read first and has no value, what the read saw.
    private func delete(
        in store: KVNodeStore, _ context: KVNodeStore.Context?, _ match: KVNodeStore.Context?
    ) async throws -> WriteOutput {
        let key = KVNodeStore.Key(key, in: options.bucket)
        var seen = context ?? KVNodeStore.Context()
        if seen.isEmpty, match == nil {
            let reading = try await store.get(key, options: options.requestOptions)
            seen = reading.context
            guard !reading.siblings.isEmpty else { return WriteOutput(found: false, context: seen.bytes) }
        }
        let after = try await store.delete(
            key, context: seen, ifMatch: match, options: options.requestOptions)
        return WriteOutput(context: after.bytes)
    }
}
