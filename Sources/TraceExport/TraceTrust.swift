import AsyncHTTPClient
import GRPCNIOTransportHTTP2Posix
import NIOSSL

/// Whose word is believed on who the receiver of traces is.
struct TraceTrust: Sendable {
    /// Nil: those whom the system trusts.
    private var authorities: [NIOSSLCertificate]?

    /// - Parameter path: A PEM file of authorities; nil for the system's. Blocks for reading it.
    init(path: String?) throws(TraceExportError) {
        guard let path else { return }
        do {
            authorities = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw TraceExportError("the file \(path) has no certificates that can be read: \(error)")
        }
    }

    /// For HTTP.
    var configuration: TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authorities { tls.trustRoots = .certificates(authorities) }
        return tls
    }

    /// For gRPC.
    func security() throws -> HTTP2ClientTransport.Posix.TransportSecurity {
        let roots = try authorities?.map { authority in
            TLSConfig.CertificateSource.bytes(try authority.toDERBytes(), format: .der)
        }
        return .tls { tls in
            if let roots { tls.trustRoots = .certificates(roots) }
        }
    }
}
