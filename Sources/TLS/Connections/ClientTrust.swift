import NIOCore
import NIOSSL
import Synchronization

/// Whom a client believes and how it proves itself, for a library that makes the connections by itself. Any thread.
public final class ClientTrust: Sendable {
    /// What the client presents: DER, its own certificate first; empty for none.
    public let certificates: [[UInt8]]
    /// PEM; empty for none.
    public let key: [UInt8]
    /// The authorities that it believes: DER.
    public let roots: [[UInt8]]
    /// What an operator should know of the files.
    public let warnings: [String]
    private let verifier: CertificateVerifier
    private let expectation: CertificateExpectation
    private let refused = Mutex<CertificateRefusal?>(nil)

    /// Reads the files. Blocks.
    ///
    /// - Parameter host: The DNS name or the address by which the server is called, which its certificate has to name.
    /// - Throws: If the files can't be used.
    public init(_ files: CredentialFiles, host: String) throws(CredentialError) {
        let credentials = try Credentials(try CredentialContents(reading: files))
        do {
            certificates = try credentials.chain.map { try $0.derBytes }
            roots = try credentials.roots.map { try $0.derBytes }
        } catch {
            throw CredentialError("the certificates can't be encoded: \(error)")
        }
        key = credentials.key
        warnings = credentials.warnings
        verifier = CertificateVerifier(roots: credentials.roots, revoked: credentials.revoked)
        expectation = CertificateExpectation(.server, host: host)
    }

    /// Why the server was not believed; nil if it was, or was not asked.
    public var refusal: CertificateRefusal? { refused.withLock { $0 } }

    /// Judges the server's certificates, as the TLS library asks for it in the middle of a handshake.
    public func judge(
        _ presented: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResultWithMetadata>
    ) {
        let der = Result { try presented.map { try $0.toDERBytes() } }
        promise.completeWithTask { [self] in
            do {
                let verified = try await verifier.verify(der: der.get(), expectation)
                let chain = try verified.chain.map { try NIOSSLCertificate(bytes: $0.derBytes, format: .der) }
                return .certificateVerified(VerificationMetadata(ValidatedCertificateChain(chain)))
            } catch {
                let refusal =
                    error as? CertificateRefusal
                    ?? CertificateRefusal(
                        .malformed, "it presents a certificate that can't be read (\(error))")
                refused.withLock { $0 = refusal }
                return .failed
            }
        }
    }
}
