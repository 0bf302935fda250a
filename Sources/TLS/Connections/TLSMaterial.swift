import NIOCore
import NIOSSL
import X509

/// Credentials in the form in which connections use them: what a new connection takes as a whole, so that it never sees half of
/// a change. Making one costs milliseconds; not for event loops.
struct TLSMaterial: Sendable {
    /// A farewell that isn't answered in this time is not waited for: the connection may be closed because it is dead.
    private static let shutdownTimeout = TimeAmount.milliseconds(250)

    let contents: CredentialContents
    let credentials: Credentials
    let verifier: CertificateVerifier
    /// For connections that come in, and for those that go out.
    let server: NIOSSLContext
    let client: NIOSSLContext

    /// - Throws: If the credentials can't be used for what `options` wants of them.
    init(_ contents: CredentialContents, _ options: TLSEndpoint.Options) async throws(CredentialError) {
        self.contents = contents
        credentials = try Credentials(contents)
        verifier = CertificateVerifier(roots: credentials.roots, revoked: credentials.revoked)
        if let identity = options.identity {
            try await Self.check(credentials, identity, verifier)
        }
        do {
            let base = try Self.configuration(of: credentials, options)
            var (server, client) = (base, base)
            // Both ends' certificates are judged by `HandshakeWatch`; these make sure that there is one.
            server.certificateVerification = options.clientCertificates ? .noHostnameVerification : .none
            client.certificateVerification = .noHostnameVerification
            self.server = try NIOSSLContext(configuration: server)
            self.client = try NIOSSLContext(configuration: client)
        } catch {
            throw CredentialError("the TLS library does not take the certificate and its key: \(error)")
        }
    }

    private static func configuration(
        of credentials: Credentials, _ options: TLSEndpoint.Options
    ) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try credentials.chain.map {
                .certificate(try NIOSSLCertificate(bytes: $0.derBytes, format: .der))
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: credentials.key, format: .pem)))
        configuration.minimumTLSVersion = options.minimumVersion == .tls13 ? .tlsv13 : .tlsv12
        configuration.applicationProtocols = options.applicationProtocols
        configuration.shutdownTimeout = shutdownTimeout
        configuration.trustRoots = .certificates(
            try credentials.roots.map { try NIOSSLCertificate(bytes: $0.derBytes, format: .der) })
        // Tells clients, by the authorities' names, which of their certificates to present.
        configuration.sendCANameList = options.clientCertificates
        return configuration
    }

    /// That the other ends, which trust the same authorities, will accept this end's certificate for what it is.
    private static func check(
        _ credentials: Credentials, _ identity: IdentityRule, _ verifier: CertificateVerifier
    ) async throws(CredentialError) {
        for side in [CertificateExpectation.Side.server, .client] {
            do throws(CertificateRefusal) {
                _ = try await verifier.verify(
                    credentials.chain, CertificateExpectation(side, identity: identity))
            } catch {
                throw CredentialError("the other nodes would refuse this node: \(error.reason)")
            }
        }
    }
}
