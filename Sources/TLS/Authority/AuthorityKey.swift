import Crypto
import Foundation
import SwiftASN1
import X509

/// An authority's own certificate and its key, which signs.
struct AuthorityKey: Sendable {
    let certificate: Certificate
    let key: Certificate.PrivateKey

    init(certificate: Certificate, key: Certificate.PrivateKey) {
        self.certificate = certificate
        self.key = key
    }

    /// A new authority for `cluster`, with a key on the curve P-256.
    init(cluster: String, _ validity: CertificateRequest.Validity) throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let serial = Certificate.SerialNumber.random()
        // Two authorities of one cluster must differ in name, or a path might be sought through the wrong one.
        let name = try DistinguishedName {
            OrganizationName(cluster)
            CommonName("kvnode authority \(serial.hexadecimal.prefix(8))")
        }
        self.key = key
        certificate = try Certificate(
            version: .v3, serialNumber: serial, publicKey: key.publicKey,
            notValidBefore: validity.from, notValidAfter: validity.until, issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                // Nothing but holders below it.
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: key.publicKey)
            }, issuerPrivateKey: key)
    }

    /// The cluster whose nodes and clients it names; nil if the certificate is not one of `init(cluster:_:)`.
    var cluster: String? {
        for attribute in certificate.subject.flatMap({ Array($0) })
        where attribute.type == .RDNAttributeType.organizationName {
            return String(attribute.value)
        }
        return nil
    }

    /// A certificate for a new key on the curve P-256, and that key.
    func issue(
        _ request: CertificateRequest, cluster: String
    ) throws -> (certificate: Certificate, key: Certificate.PrivateKey) {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let names = try request.alternativeNames(cluster: cluster)
        let subject = try DistinguishedName {
            OrganizationName(cluster)
            CommonName(request.name)
        }
        let issuerID = try certificate.extensions.subjectKeyIdentifier?.keyIdentifier
        let issued = try Certificate(
            version: .v3, serialNumber: .random(), publicKey: key.publicKey,
            notValidBefore: request.validity.from, notValidAfter: request.validity.until,
            issuer: certificate.subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage(request.usages)
                names
                SubjectKeyIdentifier(hash: key.publicKey)
                AuthorityKeyIdentifier(keyIdentifier: issuerID)
            }, issuerPrivateKey: self.key)
        return (issued, key)
    }
}

extension Certificate.SerialNumber {
    /// 128 bits: what others take is bounded by 20 bytes, the sign included (RFC 5280, section 4.1.2.2).
    fileprivate static func random() -> Certificate.SerialNumber {
        Certificate.SerialNumber(bytes: (0..<16).map { _ in UInt8.random(in: 0...255) })
    }
}
