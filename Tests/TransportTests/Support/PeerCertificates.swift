import Foundation
import Logging
import TLS

/// An authority for a test's nodes, in a folder that goes with it.
final class PeerCertificates: Sendable {
    private let folder: String
    private let authority: CertificateAuthority

    init(cluster: String = "test") throws {
        folder = NSTemporaryDirectory() + "kvnode-peers-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        authority = try CertificateAuthority(
            creating: folder + "/ca", cluster: cluster, validity: .days(30))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// TLS for a node that has a certificate for `name`.
    func endpoint(_ name: String, handshakeTimeout: Duration = .seconds(5)) async throws -> TLSEndpoint {
        let issued = try authority.issue(
            CertificateRequest(.node, name, hosts: [], validity: .days(20)), into: folder)
        let files = CredentialFiles(
            holder: .init(certificate: issued.certificateFile, key: issued.keyFile),
            trustRoots: authority.trustFile, revoked: authority.revokedFile)
        var options = TLSEndpoint.Options(name: "peer", applicationProtocols: ["h2"])
        options.minimumVersion = .tls13
        options.clientCertificates = true
        options.handshakeTimeout = handshakeTimeout
        return try await TLSEndpoint(
            files, options, logger: Logger(label: "tls") { _ in SwiftLogNoOpLogHandler() })
    }

    func renew(_ name: String) throws {
        _ = try authority.renew(name, in: folder, validity: .days(20))
    }

    func revoke(_ name: String) throws { _ = try authority.revoke("\(folder)/\(name).pem") }
}
