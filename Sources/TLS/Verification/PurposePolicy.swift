import SwiftASN1
import X509

/// That a certificate, and each authority below the trusted one, may be used for one side of TLS. One that says nothing of its
/// uses may be used for all (RFC 5280, section 4.2.1.12).
struct PurposePolicy: VerifierPolicy {
    var usage: ExtendedKeyUsage.Usage

    /// Names are judged by `IdentityRule`.
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
    ]

    init(_ side: CertificateExpectation.Side) {
        switch side {
        case .client: usage = .clientAuth
        case .server: usage = .serverAuth
        }
    }

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
        for certificate in chain.dropLast(chain.count > 1 ? 1 : 0) where !allows(certificate) {
            return .failsToMeetPolicy(reason: "a certificate of the chain is for other uses")
        }
        return .meetsPolicy
    }

    /// Whether `certificate` by itself may be used so.
    func allows(_ certificate: Certificate) -> Bool {
        do {
            guard let usages = try certificate.extensions.extendedKeyUsage else { return true }
            return usages.contains(usage) || usages.contains(.any)
        } catch {
            // An extension that can't be read allows nothing.
            return false
        }
    }
}
