import NIOSSL

/// Why a connection came to nothing, or to its end, for reasons of TLS. For a log line: says nothing secret.
public struct TLSFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Cause: Equatable, Sendable {
        /// This end speaks TLS, the other plain text.
        case plainText
        /// This end speaks plain text, the other TLS.
        case unexpectedTLS
        /// This end does not accept the other's certificate.
        case certificate(CertificateRefusal.Cause)
        /// The other end does not accept this one's certificate, or sent an alert for another reason.
        case alert
        /// The two ends could not agree.
        case handshake
        /// The handshake was not over in time.
        case timeout
        /// The connection was closed during the handshake.
        case closed
    }

    public var cause: Cause
    public var reason: String

    init(_ cause: Cause, _ reason: String) {
        self.cause = cause
        self.reason = reason
    }

    init(refusal: CertificateRefusal) { self.init(.certificate(refusal.cause), refusal.reason) }

    public var description: String { reason }
}

extension TLSFailure {
    /// What an error of the TLS library means; nil for one that is not its.
    init?(_ error: any Error) {
        switch error {
        case NIOSSLError.handshakeFailed(let error): self.init(library: error)
        case let error as BoringSSLError: self.init(library: error)
        // This end closed it, before there was anybody to say farewell to.
        case NIOSSLError.shutdownFailed:
            self.init(.closed, "the connection was closed during the TLS handshake")
        case let error as NIOSSLError: self.init(.handshake, "TLS failed: \(error)")
        default: return nil
        }
    }

    private init(library error: BoringSSLError) {
        guard case .sslError(let stack) = error, let first = stack.first else {
            self.init(.handshake, "TLS failed: \(error)")
            return
        }
        if first == .eofDuringHandshake {
            self.init(.closed, "it has closed the connection during the TLS handshake")
            return
        }
        let name = Self.name(of: first)
        if name == "PEER_DID_NOT_RETURN_A_CERTIFICATE" {
            self.init(.certificate(.missing), "it presents no certificate")
        } else if name.contains("ALERT") {
            let isAboutCertificate = ["CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED"].contains {
                name.contains($0)
            }
            self.init(
                .alert,
                isAboutCertificate
                    ? "it does not accept this end's certificate (\(name)); its log says why"
                    : "it has broken TLS off (\(name))")
        } else {
            self.init(.handshake, "the TLS handshake failed (\(name))")
        }
    }

    /// BoringSSL describes an error as `error:CODE:LIBRARY:FUNCTION:NAME at FILE:LINE`.
    private static func name(of error: BoringSSLInternalError) -> String {
        let words = "\(error)".split(separator: " at ")[0]
        return words.split(separator: ":").last.map(String.init) ?? "\(error)"
    }
}
