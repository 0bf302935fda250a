import Foundation
import SwiftASN1
import X509

@testable import TLS

/// An authority in a folder that goes with it, and certificates of all kinds from it.
final class TestAuthority: Sendable {
    let folder: String
    let authority: CertificateAuthority

    init(cluster: String = "shop") throws {
        folder = NSTemporaryDirectory() + "kvnode-tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        authority = try CertificateAuthority(
            creating: folder + "/ca", cluster: cluster, validity: .days(30))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var directory: String { folder + "/ca" }

    static let past = CertificateRequest.Validity(from: .now - 7_200, until: .now - 3_600)
    static let future = CertificateRequest.Validity(from: .now + 3_600, until: .now + 7_200)

    /// Files with a new certificate.
    ///
    /// - Parameter trusting: The authority that the files' owner trusts, this one if nil.
    func files(
        _ name: String, _ role: CertificateIdentity.Role = .node,
        validity: CertificateRequest.Validity = .days(20), trusting other: TestAuthority? = nil
    ) throws -> CredentialFiles {
        let request = CertificateRequest(
            role, name, hosts: role == .node ? ["localhost", "127.0.0.1"] : [], validity: validity)
        let issued = try authority.issue(request, into: folder)
        return CredentialFiles(
            holder: .init(certificate: issued.certificateFile, key: issued.keyFile),
            trustRoots: (other ?? self).authority.trustFile, revoked: authority.revokedFile)
    }

    /// Files with a certificate of another cluster by the same authority, which would not issue it by itself.
    func files(_ name: String, ofCluster cluster: String) throws -> CredentialFiles {
        let text = try String(contentsOfFile: directory + "/ca.key", encoding: .utf8)
        let authority = AuthorityKey(certificate: try PEM.certificates(text)[0], key: try PEM.key(text))
        let request = CertificateRequest(.node, name, hosts: [], validity: .days(20))
        let (certificate, key) = try authority.issue(request, cluster: cluster)
        let holder = CredentialFiles.Holder(
            certificate: "\(folder)/\(cluster)-\(name).pem", key: "\(folder)/\(cluster)-\(name).key")
        try PEM.text([certificate]).write(toFile: holder.certificate, atomically: true, encoding: .utf8)
        try key.serializeAsPEM().pemString.write(toFile: holder.key, atomically: true, encoding: .utf8)
        return CredentialFiles(
            holder: holder, trustRoots: self.authority.trustFile, revoked: self.authority.revokedFile)
    }

    /// The same name again, in the place of the files.
    func renew(_ name: String) throws {
        _ = try authority.renew(name, in: folder, validity: .days(20))
    }
}

extension CredentialFiles {
    var certificateText: String {
        get throws { try String(contentsOfFile: holder!.certificate, encoding: .utf8) }
    }

    /// Copies of the files in the folder of `authority`, which outlive the authority that they come from.
    func kept(in authority: TestAuthority) throws -> CredentialFiles {
        var files = self
        for path in [\CredentialFiles.Holder.certificate, \.key] {
            let copy = "\(authority.folder)/copy-\(URL(filePath: holder![keyPath: path]).lastPathComponent)"
            try FileManager.default.copyItem(atPath: holder![keyPath: path], toPath: copy)
            files.holder![keyPath: path] = copy
        }
        return files
    }

    /// Puts what is no certificate in the place of the certificate.
    func breakCertificate() throws {
        try Data("nonsense\n".utf8).write(to: URL(filePath: holder!.certificate), options: .atomic)
    }
}
