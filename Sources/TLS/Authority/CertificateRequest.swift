import Foundation
import SwiftASN1
import X509

/// What a certificate is asked to say.
public struct CertificateRequest: Equatable, Sendable {
    public var role: CertificateIdentity.Role
    /// Of the node or the client. The cluster is the authority's.
    public var name: String
    /// The DNS names and addresses at which clients find it; of nodes only.
    public var hosts: [String]
    public var validity: Validity

    public init(_ role: CertificateIdentity.Role, _ name: String, hosts: [String], validity: Validity) {
        self.role = role
        self.name = name
        self.hosts = hosts
        self.validity = validity
    }

    /// From when and until when a certificate counts.
    public struct Validity: Equatable, Sendable {
        public var from: Date
        public var until: Date

        public init(from: Date, until: Date) {
            self.from = from
            self.until = until
        }

        /// From a day before now: a node whose clock is hours behind is to understand the others all the same.
        public static func days(_ days: Int, from now: Date = .now) -> Validity {
            Validity(from: now - 86_400, until: now + TimeInterval(days) * 86_400)
        }
    }
}

extension CertificateRequest {
    /// The names that the certificate gets, the first being who it is.
    func alternativeNames(cluster: String) throws(AuthorityError) -> SubjectAlternativeNames {
        let identity = CertificateIdentity(cluster: cluster, role: role, name: name)
        guard CertificateIdentity(uri: identity.uri) == identity else {
            throw AuthorityError("'\(name)' is no name of a \(role.rawValue)")
        }
        var names: [GeneralName] = [.uniformResourceIdentifier(identity.uri)]
        for host in hosts {
            if let address = IPAddress(host) {
                names.append(.ipAddress(ASN1OctetString(contentBytes: address.bytes[...])))
            } else if host.utf8.count <= 253, host.utf8.allSatisfy(Self.isHostByte), !host.isEmpty {
                names.append(.dnsName(host))
            } else {
                throw AuthorityError("'\(host)' is neither a DNS name nor an address")
            }
        }
        return SubjectAlternativeNames(names)
    }

    /// `*` for all names of one level.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "*"):
            true
        default: false
        }
    }

    /// What `certificate` was asked to say, for another one in its place.
    ///
    /// - Throws: If it is no node's or client's.
    init(renewing certificate: Certificate, validity: Validity) throws(AuthorityError) {
        guard let identity = CertificateIdentity(certificate) else {
            throw AuthorityError("\(certificate.shortText) is the certificate of no node and no client")
        }
        self.init(identity.role, identity.name, hosts: certificate.hosts, validity: validity)
    }

    /// In the certificate, what its holder may use it for. A node is called by others and calls them.
    var usages: [ExtendedKeyUsage.Usage] {
        switch role {
        case .node: [.serverAuth, .clientAuth]
        case .client: [.clientAuth]
        }
    }
}
