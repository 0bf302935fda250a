/// The settings of TLS, on each port.
extension SettingTable {
    static let tls: [Setting] =
        [
            Setting(
                "tls.certificate", .optionalPath, .text(""),
                "This node's certificate, and those of intermediate authorities after it: a PEM file."),
            Setting(
                "tls.key", .optionalPath, .text(""),
                "Its private key, for the node's user alone to read: a PEM file."),
            Setting(
                "tls.trust_roots", .optionalPath, .text(""),
                "The authorities whose certificates are accepted from nodes and clients: a PEM file."),
            Setting(
                "tls.revoked", .optionalPath, .text(""),
                "Serial numbers of certificates that are not accepted all the same, as kvnode cert revoke writes them."
            ),
            Setting(
                "tls.reload_ms", .int(100...86_400_000), .int(10_000),
                "How often the files are looked at for changes; SIGHUP has it done at once."),
            Setting(
                "tls.handshake_timeout_ms", .int(100...600_000), .int(5_000),
                "How long a connection may take for the handshake of TLS."),
            Setting(
                "peer.tls", .bool, .bool(false),
                "Whether the nodes speak TLS with each other, and prove by certificates which node each is."),
        ] + clients("grpc", "gRPC") + clients("http", "HTTP") + clients("resp", "RESP")

    /// - Parameter name: What people call the protocol.
    private static func clients(_ port: String, _ name: String) -> [Setting] {
        [
            Setting("\(port).tls", .bool, .bool(false), "Whether \(name) clients speak TLS."),
            Setting(
                "\(port).tls_certificate", .optionalPath, .text(""),
                "The certificate that \(name) clients are shown; empty: tls.certificate."),
            Setting(
                "\(port).tls_key", .optionalPath, .text(""), "Its private key; empty: tls.key."),
            Setting(
                "\(port).tls_clients", .choice(["any", "certificate"]), .text("any"),
                "Whether \(name) clients have to present a certificate of tls.trust_roots."),
        ]
    }

    /// `settings` with those of one group side by side, as a configuration file has them, the groups in the order in which they
    /// first come.
    static func grouped(_ settings: [Setting]) -> [Setting] {
        let groups = Dictionary(grouping: settings) { $0.components[0] }
        var seen: Set<String> = []
        return settings.flatMap { setting in
            let group = setting.components[0]
            return seen.insert(group).inserted ? groups[group] ?? [] : []
        }
    }
}
