import Foundation
import X509

/// A certificate that was found good for its connection.
public struct VerifiedCertificate: Sendable {
    /// Nil for a holder that is none of a cluster's nodes and clients, such as one that another authority has named.
    public var identity: CertificateIdentity?
    /// From the holder's certificate to the authority's own.
    let chain: [Certificate]
    /// When the first of the chain expires: seconds since 1970.
    let expires: Double

    init(_ chain: [Certificate]) {
        self.chain = chain
        identity = chain.first.flatMap { CertificateIdentity($0) }
        expires = chain.map(\.notValidAfter.timeIntervalSince1970).min() ?? 0
    }

    /// The distinguished name of the holder.
    public var subject: String { chain.first.map { "\($0.subject)".shortened } ?? "" }
}
