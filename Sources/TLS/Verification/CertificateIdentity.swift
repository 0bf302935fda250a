import X509

/// Whom a certificate was issued to, as a URI among its subject alternative names: `kvnode://shop/node/node0`.
///
/// DNS names and addresses say where somebody is to be found; they move. This says who it is, and in which cluster.
public struct CertificateIdentity: Hashable, Sendable {
    /// What its holder is.
    public enum Role: String, Sendable, CaseIterable {
        /// One node of the cluster: it may call the others and be called, under its own name alone.
        case node
        /// Somebody who uses the cluster: an application, an operator.
        case client
    }

    /// The name of the cluster.
    public var cluster: String
    public var role: Role
    /// Of the node or the client.
    public var name: String

    private static let scheme = "kvnode://"

    public init(cluster: String, role: Role, name: String) {
        self.cluster = cluster
        self.role = role
        self.name = name
    }

    /// Nil unless `uri` is one of kvnode's. Nothing in it is decoded: the names of clusters, nodes and clients have no
    /// characters that a URI would encode, so that there is one spelling of each.
    public init?(uri: String) {
        guard uri.hasPrefix(Self.scheme) else { return nil }
        let parts = uri.dropFirst(Self.scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let role = Role(rawValue: String(parts[1])), !parts[0].isEmpty,
            !parts[2].isEmpty
        else { return nil }
        self.init(cluster: String(parts[0]), role: role, name: String(parts[2]))
    }

    public var uri: String { "\(Self.scheme)\(cluster)/\(role.rawValue)/\(name)" }

    /// What `certificate` says; nil if it says nothing, or more than one thing: a certificate is one holder's.
    init?(_ certificate: Certificate) {
        let identities = certificate.alternativeNames.compactMap { name -> CertificateIdentity? in
            guard case .uniformResourceIdentifier(let uri) = name else { return nil }
            return CertificateIdentity(uri: uri)
        }
        guard identities.count == 1 else { return nil }
        self = identities[0]
    }
}
