import Logging
import NIOCore
import TLS
import TextAPI

/// TLS on each port of a node, as far as it is on there.
struct NodeTLS: Sendable {
    var peer: TLSEndpoint?
    var grpc: TLSEndpoint?
    var http: TLSEndpoint?
    var resp: TLSEndpoint?

    /// Reads all certificates and keys.
    ///
    /// - Throws: `ServeError` that names the port and the file that can't be used.
    init(_ configuration: NodeConfiguration, logger: Logger) async throws {
        if let files = configuration.peer.tls {
            var options = TLSEndpoint.Options(name: "peer", applicationProtocols: ["h2"])
            // Only nodes speak here, and all of them know it.
            options.minimumVersion = .tls13
            options.clientCertificates = true
            options.identity = IdentityRule(
                cluster: configuration.cluster.name, role: .node, name: configuration.node.name)
            peer = try await Self.open(files, options, configuration, logger)
        }
        grpc = try await Self.open(configuration.grpc.tls, "grpc", ["h2"], configuration, logger)
        http = try await Self.open(configuration.http.tls, "http", ["http/1.1"], configuration, logger)
        resp = try await Self.open(configuration.resp.tls, "resp", [], configuration, logger)
    }

    private static func open(
        _ settings: NodeConfiguration.ClientTLS?, _ port: String, _ protocols: [String],
        _ configuration: NodeConfiguration, _ logger: Logger
    ) async throws -> TLSEndpoint? {
        guard let settings else { return nil }
        var options = TLSEndpoint.Options(name: port, applicationProtocols: protocols)
        options.clientCertificates = settings.wantsCertificates
        return try await open(settings.files, options, configuration, logger)
    }

    private static func open(
        _ files: CredentialFiles, _ options: TLSEndpoint.Options, _ configuration: NodeConfiguration,
        _ logger: Logger
    ) async throws -> TLSEndpoint {
        var options = options
        options.handshakeTimeout = configuration.tls.handshake
        do {
            return try await TLSEndpoint(files, options, logger: logger)
        } catch {
            throw ServeError("\(options.name).tls is on, but \(error)")
        }
    }

    var endpoints: [TLSEndpoint] { [peer, grpc, http, resp].compactMap { $0 } }
}

extension TLSEndpoint {
    /// For a server of clients.
    var security: ConnectionSecurity { { channel in try self.secureServer(channel) } }
}
