/// Why a certificate is not accepted.
public struct CertificateRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Cause: Sendable {
        /// None was presented.
        case missing
        /// What was presented is no certificate, or too many.
        case malformed
        case expired
        case notYetValid
        case revoked
        /// No authority that is trusted here has issued it.
        case untrusted
        /// It was issued for something else than what it is used for.
        case purpose
        /// It is somebody else's, or of another cluster, or names another host.
        case identity
    }

    public var cause: Cause
    /// For a person: what was found, and what was expected.
    public var reason: String

    init(_ cause: Cause, _ reason: String) {
        self.cause = cause
        self.reason = reason
    }

    public var description: String { reason }
}
