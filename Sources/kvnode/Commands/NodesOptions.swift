import ArgumentParser
import Foundation

/// Which nodes are asked, and as whom.
struct NodesOptions: ParsableArguments {
    /// No call waits for what may take long.
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

    func connection(to address: HostPort, json: Bool) throws -> NodeConnection {
        NodeConnection(
            address: address, tls: try tls.files, authorization: try credentials.authorization(), json: json,
            timeout: Self.callTimeout)
    }

    /// To all of them; a password is asked for once.
    func connections(json: Bool) throws -> [NodeConnection] {
        let (files, authorization) = (try tls.files, try credentials.authorization())
        return try addresses.map {
            NodeConnection(
                address: $0, tls: files, authorization: authorization, json: json, timeout: Self.callTimeout)
        }
    }
}
