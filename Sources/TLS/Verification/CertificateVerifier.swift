import Foundation
import SwiftASN1
import X509

/// Judges the certificates that others present. Any thread.
struct CertificateVerifier: Sendable {
    /// More certificates than any chain of ours has; what a stranger sends must not make the search for a path long.
    private static let maxPresented = 8

    private let roots: CertificateStore
    private let revoked: RevocationList

    init(roots: [Certificate], revoked: RevocationList) {
        self.roots = CertificateStore(roots)
        self.revoked = revoked
    }

    /// - Parameter presented: In DER, the holder's first.
    func verify(
        der presented: [[UInt8]], _ expectation: CertificateExpectation
    ) async throws(CertificateRefusal) -> VerifiedCertificate {
        guard presented.count <= Self.maxPresented else {
            throw CertificateRefusal(
                .malformed, "it presents \(presented.count) certificates, more than \(Self.maxPresented)")
        }
        let chain: [Certificate]
        do {
            chain = try presented.map { try Certificate(derEncoded: $0) }
        } catch {
            throw CertificateRefusal(.malformed, "it presents a certificate that can't be read")
        }
        return try await verify(chain, expectation)
    }

    /// - Parameter presented: The holder's certificate, and those of intermediate authorities.
    func verify(
        _ presented: [Certificate], _ expectation: CertificateExpectation
    ) async throws(CertificateRefusal) -> VerifiedCertificate {
        guard let leaf = presented.first else {
            throw CertificateRefusal(.missing, "it presents no certificate")
        }
        // What can be said of the certificate alone comes first: the search for a path says less clearly what is wrong.
        if let problem = leaf.dateProblem(at: .now) {
            throw CertificateRefusal(problem.cause, "its certificate (\(leaf.shortText)) \(problem.reason)")
        }
        guard PurposePolicy(expectation.side).allows(leaf) else {
            throw CertificateRefusal(
                .purpose, "its certificate (\(leaf.shortText)) is not for the \(expectation.side) side of TLS"
            )
        }
        let path = try await path(from: leaf, through: presented.dropFirst(), expectation)
        for certificate in path where revoked.contains(certificate) {
            throw CertificateRefusal(.revoked, "its certificate (\(certificate.shortText)) is revoked")
        }
        let verified = VerifiedCertificate(path)
        if let problem = expectation.identity?.problem(with: verified.identity) {
            throw CertificateRefusal(.identity, "its certificate is not the right one: \(problem)")
        }
        return verified
    }

    private func path(
        from leaf: Certificate, through others: ArraySlice<Certificate>, _ expectation: CertificateExpectation
    ) async throws(CertificateRefusal) -> [Certificate] {
        let issuers = CertificateStore(others)
        var verifier = Verifier(rootCertificates: roots) {
            RFC5280Policy()
            PurposePolicy(expectation.side)
        }
        let found = await verifier.validate(leaf: leaf, intermediates: issuers)
        switch found {
        case .couldNotValidate(let failures):
            let details = failures.first.map { ": \($0.policyFailureReason)".shortened } ?? ""
            throw CertificateRefusal(
                .untrusted,
                "no authority that is trusted here vouches for its certificate (\(leaf.shortText))\(details)")
        case .validCertificate(let path):
            if let host = expectation.host { try await checkHost(host, of: leaf, issuers) }
            return Array(path)
        }
    }

    /// A second search, so that a wrong host is told from a wrong authority.
    private func checkHost(
        _ host: String, of leaf: Certificate, _ issuers: CertificateStore
    ) async throws(CertificateRefusal) {
        let isAddress = IPAddress(host) != nil
        var verifier = Verifier(rootCertificates: roots) {
            RFC5280Policy()
            PurposePolicy(.server)
            ServerIdentityPolicy(
                serverHostname: isAddress ? nil : host, serverIP: isAddress ? host : nil)
        }
        if case .couldNotValidate = await verifier.validate(leaf: leaf, intermediates: issuers) {
            throw CertificateRefusal(
                .identity,
                "its certificate (\(leaf.shortText)) is not for '\(host)', but for "
                    + leaf.hosts.prefix(8).joined(separator: ", "))
        }
    }
}

extension Certificate {
    /// Why it does not count at this time; nil if it does.
    func dateProblem(at now: Date) -> (cause: CertificateRefusal.Cause, reason: String)? {
        if now > notValidAfter { return (.expired, "has expired at \(notValidAfter.inWords)") }
        if now < notValidBefore { return (.notYetValid, "is not valid before \(notValidBefore.inWords)") }
        return nil
    }

    /// For a log: who holds it, and its number.
    var shortText: String { "\(subject)".shortened + ", serial \(serialNumber.hexadecimal)" }
}

extension Date {
    /// UTC, to the second.
    var inWords: String { formatted(.iso8601) }
}
