import TLS

/// What must hold between the settings of TLS, and what they amount to.
struct TLSRules {
    static let clientPorts = ["grpc", "http", "resp"]

    var values: EffectiveConfiguration

    /// One line for each rule that doesn't hold.
    var problems: [String] {
        var problems: [String] = []
        for owner in ["tls"] + Self.clientPorts.map({ "\($0).tls" }) {
            let (certificate, key) = Self.keys(of: owner)
            if values.text(certificate).isEmpty != values.text(key).isEmpty {
                problems.append("\(values.shown(certificate)) and \(values.shown(key)): they belong together")
            }
        }
        if values.bool("peer.tls") {
            problems += missing("tls.certificate", for: "peer.tls")
            problems += missing("tls.trust_roots", for: "peer.tls")
        }
        for port in Self.clientPorts { problems += self.problems(of: port) }
        return problems
    }

    private func problems(of port: String) -> [String] {
        let wantsCertificates = values.text("\(port).tls_clients") == "certificate"
        guard values.bool("\(port).tls") else {
            return wantsCertificates
                ? ["\(values.shown("\(port).tls_clients")), but \(values.shown("\(port).tls"))"] : []
        }
        var problems: [String] = []
        if values.text("\(port).tls_certificate").isEmpty {
            problems += missing("tls.certificate", for: "\(port).tls")
        }
        if wantsCertificates { problems += missing("tls.trust_roots", for: "\(port).tls_clients") }
        return problems
    }

    private func missing(_ key: String, for user: String) -> [String] {
        values.text(key).isEmpty ? ["\(values.shown(user)), but \(key) names no file"] : []
    }

    private static func keys(of owner: String) -> (certificate: String, key: String) {
        owner == "tls" ? ("tls.certificate", "tls.key") : ("\(owner)_certificate", "\(owner)_key")
    }

    // MARK: What they amount to

    /// The files of the peers' port; nil if that is off.
    var peer: CredentialFiles? {
        guard values.bool("peer.tls"), let holder = holder(of: "tls") else { return nil }
        return CredentialFiles(
            holder: holder, trustRoots: path("tls.trust_roots"), revoked: path("tls.revoked"))
    }

    /// How clients of a port speak TLS; nil if they don't.
    func clients(of port: String) -> NodeConfiguration.ClientTLS? {
        guard values.bool("\(port).tls"), let holder = holder(of: "\(port).tls") ?? holder(of: "tls") else {
            return nil
        }
        let wantsCertificates = values.text("\(port).tls_clients") == "certificate"
        return NodeConfiguration.ClientTLS(
            files: CredentialFiles(
                holder: holder, trustRoots: wantsCertificates ? path("tls.trust_roots") : nil,
                revoked: wantsCertificates ? path("tls.revoked") : nil),
            wantsCertificates: wantsCertificates)
    }

    private func holder(of owner: String) -> CredentialFiles.Holder? {
        let (certificate, key) = Self.keys(of: owner)
        guard let certificate = path(certificate), let key = path(key) else { return nil }
        return CredentialFiles.Holder(certificate: certificate, key: key)
    }

    private func path(_ key: String) -> String? {
        let path = values.text(key)
        return path.isEmpty ? nil : path
    }
}
