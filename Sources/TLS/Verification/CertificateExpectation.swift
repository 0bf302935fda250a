/// What the certificate of the other end of a connection has to be good for.
public struct CertificateExpectation: Sendable, Equatable {
    /// What the other end is on this connection.
    public enum Side: Sendable {
        case client
        case server
    }

    public var side: Side
    /// Who it has to be; nil for anybody that a trusted authority knows.
    public var identity: IdentityRule?
    /// The DNS name or the address by which a server was called, if its certificate has to name that; nil if the identity
    /// tells who it is, wherever it is.
    public var host: String?

    public init(_ side: Side, identity: IdentityRule? = nil, host: String? = nil) {
        self.side = side
        self.identity = identity
        self.host = host
    }
}

/// Whom a certificate has to name as its holder.
public struct IdentityRule: Sendable, Equatable {
    public var cluster: String
    public var role: CertificateIdentity.Role
    /// Nil for any name: who it is comes out later, and is held against the certificate then.
    public var name: String?

    public init(cluster: String, role: CertificateIdentity.Role, name: String? = nil) {
        self.cluster = cluster
        self.role = role
        self.name = name
    }

    /// Why the holder is not the right one; nil if it is.
    func problem(with identity: CertificateIdentity?) -> String? {
        guard let identity else { return "it names no \(role.rawValue) of a cluster of kvnode" }
        if identity.cluster != cluster {
            return "it is of the cluster '\(identity.cluster.shortened)', not of '\(cluster)'"
        }
        if identity.role != role {
            return "it is that of a \(identity.role.rawValue), not of a \(role.rawValue)"
        }
        if let name, identity.name != name {
            return "it is that of the \(role.rawValue) '\(identity.name.shortened)', not of '\(name)'"
        }
        return nil
    }
}

extension String {
    /// Fit for a log line, however long what a stranger sent.
    var shortened: String { count <= 64 ? self : prefix(64) + "…" }
}
