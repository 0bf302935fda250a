import ArgumentParser
import Foundation
import KVNodeClient

struct PutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Write a key.",
        discussion: """
            Without --context the write replaces nothing: beside a value that is there already it stands as a sibling.

            Example: kvnode put alice 'milk, eggs' --bucket carts

            \(ExitCode.clientDiscussion)
            """)

    @Argument(help: "The key.")
    var key: String

    @OptionGroup var input: ValueInput
    @OptionGroup var options: ClientOptions

    @Option(
        name: .long,
        help: ArgumentHelp("The context of the read that this write follows.", valueName: "base64"))
    var context: String?

    @Flag(name: .long, help: "Write only if the key has no value.")
    var ifAbsent = false

    @Option(
        name: .long, help: ArgumentHelp("Write only if this is still the key's context.", valueName: "base64")
    )
    var ifMatch: String?

    @Option(name: .long, help: ArgumentHelp("The value's content type.", valueName: "type"))
    var contentType: String?

    @Option(
        name: .long, help: ArgumentHelp("Seconds until the value expires; 0 for never.", valueName: "seconds")
    )
    var ttl: UInt32?

    @Flag(name: .long, help: "Print the context after the write (base64).")
    var printContext = false

    func validate() throws {
        if ifAbsent, ifMatch != nil { throw ValidationError("--if-absent and --if-match exclude each other") }
    }

    func run() async throws {
        let put = try put()
        let context = try await ClientSession(options: options).run { store in
            try await store.put(put, options: options.requestOptions)
        }
        try WriteOutput(context: context.bytes).write(options, printContext: printContext)
    }

    private func put() throws -> KVNodeStore.Put {
        let key = KVNodeStore.Key(key, in: options.bucket)
        var put = KVNodeStore.Put(Data(), at: key)
        put.contentType = contentType ?? ""
        if let context { put.context = try ClientOptions.context(context, "--context") }
        if ifAbsent { put.condition = .ifAbsent }
        if let ifMatch { put.condition = .ifMatch(try ClientOptions.context(ifMatch, "--if-match")) }
        put.timeToLive = ttl.map { .seconds(Int64($0)) }
        put.value = try input.read()
        return put
    }
}
