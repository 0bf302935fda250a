import Crypto
import Foundation
import SwiftASN1
import Testing
import X509

@testable import TLS

/// Which certificates count, without a connection.
@Suite struct VerifierTests {
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func verifier() throws -> CertificateVerifier {
        CertificateVerifier(
            roots: try PEM.certificates(
                String(contentsOfFile: authority.authority.trustFile, encoding: .utf8)),
            revoked: try RevocationList(
                String(contentsOfFile: authority.authority.revokedFile, encoding: .utf8)))
    }

    private func cause(
        _ files: CredentialFiles, _ expectation: CertificateExpectation = CertificateExpectation(.client)
    ) async throws -> CertificateRefusal.Cause? {
        try await cause(of: PEM.certificates(files.certificateText), expectation)
    }

    private func cause(
        of chain: [Certificate], _ expectation: CertificateExpectation
    ) async throws -> CertificateRefusal.Cause? {
        let verifier = try verifier()
        do throws(CertificateRefusal) {
            _ = try await verifier.verify(chain, expectation)
            return nil
        } catch {
            return error.cause
        }
    }

    private func node(_ name: String? = nil) -> IdentityRule {
        IdentityRule(cluster: "shop", role: .node, name: name)
    }

    @Test func goodOneCountsOnBothSides() async throws {
        let files = try authority.files("a")
        for side in [CertificateExpectation.Side.client, .server] {
            #expect(try await cause(files, CertificateExpectation(side, identity: node("a"))) == nil)
        }
    }

    @Test func eachFaultHasItsName() async throws {
        let other = try TestAuthority()
        let revoked = try authority.files("revoked")
        _ = try authority.authority.revoke(revoked.holder!.certificate)
        #expect(try await cause(revoked) == .revoked)
        #expect(try await cause(authority.files("past", validity: TestAuthority.past)) == .expired)
        #expect(try await cause(authority.files("future", validity: TestAuthority.future)) == .notYetValid)
        #expect(try await cause(other.files("a")) == .untrusted)
        let client = try authority.files("client", .client)
        #expect(try await cause(client) == nil)
        #expect(try await cause(client, CertificateExpectation(.server)) == .purpose)
        #expect(try await cause(client, CertificateExpectation(.client, identity: node())) == .identity)
        let a = try authority.files("a")
        #expect(try await cause(a, CertificateExpectation(.client, identity: node("b"))) == .identity)
        let elsewhere = IdentityRule(cluster: "other", role: .node)
        #expect(try await cause(a, CertificateExpectation(.client, identity: elsewhere)) == .identity)
    }

    @Test(arguments: [("localhost", true), ("127.0.0.1", true), ("127.0.0.2", false), ("example.org", false)])
    func hostIsHeldAgainstTheCertificate(host: String, isGood: Bool) async throws {
        let files = try authority.files("a")
        let found = try await cause(files, CertificateExpectation(.server, host: host))
        #expect(found == (isGood ? nil : .identity))
    }

    @Test func nothingAndTooMuch() async throws {
        let one = try PEM.certificates(authority.files("a").certificateText)[0].derBytes
        for (presented, expected) in [
            ([[UInt8]](), CertificateRefusal.Cause.missing), ([[1, 2, 3]], .malformed),
            (Array(repeating: one, count: 9), .malformed),
        ] {
            await #expect {
                _ = try await verifier().verify(der: presented, CertificateExpectation(.client))
            } throws: { ($0 as? CertificateRefusal)?.cause == expected }
        }
    }

    @Test("A revoked certificate stays so with its signature written another way")
    func malleableSignature() async throws {
        let files = try authority.files("a")
        let certificate = try PEM.certificates(files.certificateText)[0]
        let twin = try Self.withTwinSignature(certificate)
        #expect(try twin.derBytes != certificate.derBytes)
        let good = try await cause(of: [twin], CertificateExpectation(.client))
        #expect(good == nil, "the signature is as good as the authority's")
        _ = try authority.authority.revoke(files.holder!.certificate)
        #expect(try await cause(of: [twin], CertificateExpectation(.client)) == .revoked)
    }

    /// The order of the group of P-256 (FIPS 186-4, D.1.2.3).
    private static let order: [UInt8] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
    ]

    /// `certificate` with the signature (r, n − s) for (r, s), which whoever has the certificate can make.
    private static func withTwinSignature(_ certificate: Certificate) throws -> Certificate {
        let raw = try P256.Signing.ECDSASignature(
            derRepresentation: certificate.signature.rawRepresentation
        ).rawRepresentation
        var twin = Array(raw.suffix(32))
        var borrow = 0
        for index in order.indices.reversed() {
            let difference = Int(order[index]) - Int(twin[index]) - borrow
            borrow = difference < 0 ? 1 : 0
            twin[index] = UInt8(truncatingIfNeeded: difference)
        }
        let signature = try P256.Signing.ECDSASignature(rawRepresentation: raw.prefix(32) + twin)
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { coder in
            coder.serializeRawBytes(certificate.tbsCertificateBytes)
            try coder.appendConstructedNode(identifier: .sequence) { coder in
                try coder.serialize([1, 2, 840, 10045, 4, 3, 2] as ASN1ObjectIdentifier)
            }
            try coder.serialize(ASN1BitString(bytes: Array(signature.derRepresentation)[...]))
        }
        return try Certificate(derEncoded: serializer.serializedBytes)
    }
}
