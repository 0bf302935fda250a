import ArgumentParser
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Messages
import SwiftProtobuf

/// What every command on the cluster takes.
struct ClusterOptions: ParsableArguments {
    typealias Client = Kvnode_V1_Cluster.Client<HTTP2ClientTransport.Posix>
    typealias NodeClient = Kvnode_V1_Node.Client<HTTP2ClientTransport.Posix>

    /// No call waits for another node.
    static let callTimeout = Duration.seconds(15)

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A node's gRPC address. (environment: KVNODE_ENDPOINT; default: 127.0.0.1:7400)",
            valueName: "host:port"))
    var endpoint: String?

    @OptionGroup var credentials: CredentialOptions
    @OptionGroup var tls: TLSOptions

    @Flag(
        name: .long,
        help:
            "Print JSON, errors included: the reply as in the .proto file, without fields that have their default value."
    )
    var json = false

    func validate() throws { _ = try ClientOptions.address(endpoint) }

    /// Runs `body`; an RPC's failure is printed and becomes the process's exit code.
    func run<R: Sendable>(_ body: @Sendable (Client, CallOptions) async throws -> R) async throws -> R {
        try await connection.run { client, call in try await body(Client(wrapping: client), call) }
    }

    /// The same for what concerns the node alone.
    func runOnNode<R: Sendable>(
        _ body: @Sendable (NodeClient, CallOptions) async throws -> R
    ) async throws -> R {
        try await connection.run { client, call in try await body(NodeClient(wrapping: client), call) }
    }

    var connection: NodeConnection {
        get throws {
            NodeConnection(
                address: try ClientOptions.address(endpoint), tls: try tls.files,
                authorization: try credentials.authorization(),
                json: json, timeout: Self.callTimeout)
        }
    }

    /// Prints the reply as JSON, or what `text` makes of it.
    func print<Reply: Message>(_ reply: Reply, _ text: (Reply) -> String) throws {
        try Output.standardOutput.print(json ? try ProtoJSON.text(reply) : text(reply))
    }
}

enum ProtoJSON {
    /// One line, with the names of the fields as in the .proto file.
    ///
    /// - Parameter hasNumbers: Whether 64-bit integers are numbers, of which JavaScript knows the first 53 bits alone; else texts.
    static func text(_ message: some Message, hasNumbers: Bool = true) throws -> String {
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        options.alwaysPrintInt64sAsNumbers = hasNumbers
        return try message.jsonString(options: options) + "\n"
    }
}
