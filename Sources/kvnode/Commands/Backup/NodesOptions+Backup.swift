import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Messages

/// Asking nodes for their backups.
extension NodesOptions {
    typealias BackupClient = Kvnode_V1_Backup.Client<HTTP2ClientTransport.Posix>

    /// Asks one node; its failure is printed, and becomes the process's exit code.
    func run<R: Sendable>(
        at address: HostPort, json: Bool,
        _ body: @Sendable (BackupClient, CallOptions) async throws -> R
    ) async throws -> R {
        try await connection(to: address, json: json).run { client, call in
            try await body(BackupClient(wrapping: client), call)
        }
    }
}
