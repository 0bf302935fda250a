import API
import ArgumentParser
import Foundation
import GRPCCore

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
        let request = try request()
        let output = try await ClientSession(options: options).run { client, call in
            try await Self.delete(request, client, call)
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
    private static func delete(
        _ request: Kvnode_V1_DeleteRequest, _ client: ClientSession.Client, _ call: CallOptions
    ) async throws -> WriteOutput {
        var request = request
        if request.context.isEmpty, !request.hasIfMatch {
            var get = Kvnode_V1_GetRequest()
            get.bucket = request.bucket
            get.key = request.key
            get.options = request.options
            let reading = try await client.get(get, options: call)
            guard reading.found else { return WriteOutput(found: false, context: reading.context) }
            request.context = reading.context
        }
        return WriteOutput(context: try await client.delete(request, options: call).context)
    }

    private func request() throws -> Kvnode_V1_DeleteRequest {
        var request = Kvnode_V1_DeleteRequest()
        request.bucket = options.bucket
        request.key = Data(key.utf8)
        if let context { request.context = try ClientOptions.context(context, "--context") }
        if let ifMatch { request.ifMatch = try ClientOptions.context(ifMatch, "--if-match") }
        request.options = options.requestOptions
        return request
    }
}
