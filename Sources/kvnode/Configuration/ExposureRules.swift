/// Where a node may listen: what a stranger could use or overhear is on the loopback interface alone, unless the operator has
/// said `insecure`.
enum ExposureRules {
    /// What keeps strangers out who reach a port.
    private enum Protection: String, CaseIterable {
        case users = "users (access.users_file) or clients' certificates"
        case encryption = "TLS"
    }

    /// One problem for each port that is open to other machines without protection; none where that is wanted.
    static func problems(in values: EffectiveConfiguration) -> [String] {
        if values.bool("insecure") { return [] }
        return exposures(in: values).map {
            $0
                + "; listen on 127.0.0.1 or [::1], or set insecure: true where the network itself keeps strangers out"
        }
    }

    /// One line for each port that is open to other machines without protection.
    static func exposures(in values: EffectiveConfiguration) -> [String] {
        ["peer.listen", "grpc.listen", "http.listen", "resp.listen"].compactMap { key in
            guard !isLoopback(values.address(key).host) else { return nil }
            let missing = needed(by: key).filter { !isGiven($0, on: key, values) }.map(\.rawValue)
            if missing.isEmpty { return nil }
            return
                "\(values.shown(key)), which other machines can reach without \(missing.joined(separator: " and "))"
        }
    }

    /// Nodes know each other by their certificates, and have no users.
    private static func needed(by key: String) -> [Protection] {
        key == "peer.listen" ? [.encryption] : Protection.allCases
    }

    private static func isGiven(
        _ protection: Protection, on key: String, _ values: EffectiveConfiguration
    ) -> Bool {
        switch protection {
        case .users:
            !values.text("access.users_file").isEmpty
                || TLSRules(values: values).clients(of: owner(of: key))?.wantsCertificates == true
        case .encryption: values.bool("\(owner(of: key)).tls")
        }
    }

    private static func owner(of key: String) -> String { String(key.prefix { $0 != "." }) }

    /// Names are not looked up: what they stand for may change.
    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
