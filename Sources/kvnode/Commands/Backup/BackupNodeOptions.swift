import API
import ArgumentParser
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// Which nodes are asked, and as whom.
struct BackupNodeOptions: ParsableArguments {
    typealias Client = Kvnode_V1_Backup.Client<HTTP2ClientTransport.Posix>

    /// No call waits for a backup.
    private static let callTimeout = Duration.seconds(30)

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A node's gRPC address; once for each node. (environment: KVNODE_ENDPOINT, parted by commas; default: 127.0.0.1:7400)",
            valueName: "host:port"))
    var endpoint: [String] = []

    @OptionGroup var credentials: CredentialOptions
    @OptionGroup var tls: TLSOptions

    func validate() throws { _ = try addresses }

    var addresses: [HostPort] {
        get throws {
            let texts =
                endpoint.isEmpty ? [ProcessInfo.processInfo.environment["KVNODE_ENDPOINT"] ?? ""] : endpoint
            return try texts.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map {
                try ClientOptions.address($0.isEmpty ? nil : String($0))
            }
        }
    }

    /// Asks one node; its failure is printed, and becomes the process's exit code.
    func run<R: Sendable>(
        at address: HostPort, json: Bool,
        _ body: @Sendable (Client, CallOptions) async throws -> R
    ) async throws -> R {
        try await connection(to: address, json: json).run { client, call in
            try await body(Client(wrapping: client), call)
        }
    }

    func connection(to address: HostPort, json: Bool) throws -> NodeConnection {
        NodeConnection(
            address: address, tls: try tls.files, authorization: try credentials.authorization(), json: json,
            timeout: Self.callTimeout)
    }
}
